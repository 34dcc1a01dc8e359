#pragma once

// Protobuf messages as plain structs. A struct describes its fields once:
//
//     struct StartRequest {
//         using IsMessage = void;
//         std::string id;
//         std::string exec_id;
//         template <class Self, class Fields>
//         static void describe(Self& self, Fields& fields) { fields(1, self.id)(2, self.exec_id); }
//     };
//
// and is written by encode(request), read by decode<StartRequest>(bytes). proto3: defaults are not
// written, unknown fields are passed over. Strings are bytes; who shows them quotes them.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tare::shimv2 {

/// map<string, string>, in the order of the wire.
using StringMap = std::vector<std::pair<std::string, std::string>>;

namespace message_detail {

/// Appends fields to `out`.
class Writer {
  public:
    explicit Writer(std::string& out) : out_(&out) {}
    void varint(std::uint32_t tag, std::uint64_t value);
    void bytes(std::uint32_t tag, std::string_view value);
    void fixed64(std::uint32_t tag, double value);

  private:
    std::string* out_;
};

/// One field of the wire at a time.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    /// False at the end. Malformed input is invalid_argument.
    Result<bool> next();
    std::uint32_t tag() const { return tag_; }
    bool is_bytes() const { return wire_ == 2; }
    bool is_varint() const { return wire_ == 0; }
    bool is_fixed64() const { return wire_ == 1; }
    std::uint64_t varint() const { return number_; }
    double fixed64() const;
    std::string_view bytes() const { return bytes_; }
    /// The numbers of a packed field, or the one of an unpacked one.
    Result<std::vector<std::uint64_t>> varints() const;

  private:
    std::string_view rest_;
    std::uint32_t tag_ = 0;
    std::uint32_t wire_ = 0;
    std::uint64_t number_ = 0;
    std::string_view bytes_;
};

void encode_entry(Writer& writer, std::uint32_t tag, const std::string& key, const std::string& value);
Result<std::pair<std::string, std::string>> decode_entry(std::string_view bytes);

}  // namespace message_detail

template <class Message>
std::string encode(const Message& message);
/// invalid_argument if the bytes are no protobuf message, or nested deeper than 16.
template <class Message>
Result<Message> decode(std::string_view bytes, int depth = 0);

namespace message_detail {

class EncodeFields {
  public:
    explicit EncodeFields(std::string& out) : writer_(out) {}

    EncodeFields& operator()(std::uint32_t tag, const std::string& value) {
        if (!value.empty()) writer_.bytes(tag, value);
        return *this;
    }
    template <class Number>
        requires(std::integral<Number> || std::is_enum_v<Number>)
    EncodeFields& operator()(std::uint32_t tag, Number value) {
        if (value != Number{})
            writer_.varint(tag, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
        return *this;
    }
    EncodeFields& operator()(std::uint32_t tag, const double& value) {
        if (value != 0) writer_.fixed64(tag, value);
        return *this;
    }
    EncodeFields& operator()(std::uint32_t tag, const StringMap& map) {
        for (auto& [key, value] : map)
            encode_entry(writer_, tag, key, value);
        return *this;
    }
    EncodeFields& operator()(std::uint32_t tag, const std::vector<std::string>& values) {
        for (auto& value : values)
            writer_.bytes(tag, value);
        return *this;
    }
    EncodeFields& operator()(std::uint32_t tag, const std::vector<std::uint64_t>& values);
    template <class Message>
        requires(std::is_class_v<Message> && requires { typename Message::IsMessage; })
    EncodeFields& operator()(std::uint32_t tag, const Message& value) {
        std::string inner = encode(value);
        if (!inner.empty()) writer_.bytes(tag, inner);
        return *this;
    }
    template <class Message>
        requires requires { typename Message::IsMessage; }
    EncodeFields& operator()(std::uint32_t tag, const std::vector<Message>& values) {
        for (auto& value : values)
            writer_.bytes(tag, encode(value));
        return *this;
    }

  private:
    Writer writer_;
};

/// Stores the reader's present field where it belongs.
class DecodeField {
  public:
    DecodeField(const Reader& reader, int depth) : reader_(&reader), depth_(depth) {}

    DecodeField& operator()(std::uint32_t tag, std::string& value) {
        if (tag == reader_->tag() && reader_->is_bytes()) value = std::string(reader_->bytes());
        return *this;
    }
    template <class Number>
        requires(std::integral<Number> || std::is_enum_v<Number>)
    DecodeField& operator()(std::uint32_t tag, Number& value) {
        if (tag == reader_->tag() && reader_->is_varint()) value = static_cast<Number>(reader_->varint());
        return *this;
    }
    DecodeField& operator()(std::uint32_t tag, double& value) {
        if (tag == reader_->tag() && reader_->is_fixed64()) value = reader_->fixed64();
        return *this;
    }
    DecodeField& operator()(std::uint32_t tag, StringMap& map) {
        if (tag != reader_->tag() || !reader_->is_bytes()) return *this;
        if (auto entry = decode_entry(reader_->bytes()))
            map.push_back(std::move(*entry));
        else
            failure_ = std::move(entry.error());
        return *this;
    }
    DecodeField& operator()(std::uint32_t tag, std::vector<std::string>& values) {
        if (tag == reader_->tag() && reader_->is_bytes()) values.emplace_back(reader_->bytes());
        return *this;
    }
    DecodeField& operator()(std::uint32_t tag, std::vector<std::uint64_t>& values);
    template <class Message>
        requires(std::is_class_v<Message> && requires { typename Message::IsMessage; })
    DecodeField& operator()(std::uint32_t tag, Message& value) {
        if (tag != reader_->tag() || !reader_->is_bytes()) return *this;
        if (auto inner = decode<Message>(reader_->bytes(), depth_ + 1))
            value = std::move(*inner);
        else
            failure_ = std::move(inner.error());
        return *this;
    }
    template <class Message>
        requires requires { typename Message::IsMessage; }
    DecodeField& operator()(std::uint32_t tag, std::vector<Message>& values) {
        if (tag != reader_->tag() || !reader_->is_bytes()) return *this;
        if (auto inner = decode<Message>(reader_->bytes(), depth_ + 1))
            values.push_back(std::move(*inner));
        else
            failure_ = std::move(inner.error());
        return *this;
    }
    Result<> outcome() {
        if (!failure_.message().empty()) return std::move(failure_);
        return {};
    }

  private:
    const Reader* reader_;
    int depth_;
    Error failure_{ErrorKind::invalid_argument, ""};
};

}  // namespace message_detail

template <class Message>
std::string encode(const Message& message) {
    std::string out;
    message_detail::EncodeFields fields(out);
    Message::describe(message, fields);
    return out;
}

template <class Message>
Result<Message> decode(std::string_view bytes, int depth) {
    constexpr int depth_limit = 16;
    if (depth > depth_limit) return fail(ErrorKind::invalid_argument, "protobuf: nested too deep");
    Message message;
    message_detail::Reader reader(bytes);
    while (TRY(reader.next())) {
        message_detail::DecodeField field(reader, depth);
        Message::describe(message, field);
        TRY(field.outcome());
    }
    return message;
}

}  // namespace tare::shimv2
