#include "run/task/message.h"

#include <bit>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace tare::shimv2::message_detail {

namespace {

Error malformed() {
    return fail(ErrorKind::invalid_argument, "protobuf: malformed message");
}

}  // namespace

void Writer::varint(std::uint32_t tag, std::uint64_t value) {
    protozero::pbf_writer(*out_).add_uint64(tag, value);
}

void Writer::bytes(std::uint32_t tag, std::string_view value) {
    protozero::pbf_writer(*out_).add_bytes(tag, value.data(), value.size());
}

void Writer::fixed64(std::uint32_t tag, double value) {
    protozero::pbf_writer(*out_).add_double(tag, value);
}

Result<bool> Reader::next() {
    // The library throws on malformed input; no exception leaves this function.
    try {
        protozero::pbf_reader reader(rest_.data(), rest_.size());
        if (!reader.next()) return false;
        tag_ = reader.tag();
        wire_ = static_cast<std::uint32_t>(reader.wire_type());
        switch (reader.wire_type()) {
            case protozero::pbf_wire_type::varint:
                number_ = reader.get_uint64();
                break;
            case protozero::pbf_wire_type::fixed64:
                number_ = reader.get_fixed64();
                break;
            case protozero::pbf_wire_type::length_delimited: {
                auto view = reader.get_view();
                bytes_ = {view.data(), view.size()};
                break;
            }
            default:
                reader.skip();
        }
        auto rest = reader.data();
        rest_ = {rest.data(), rest.size()};
        return true;
    } catch (const protozero::exception&) {
        return malformed();
    }
}

double Reader::fixed64() const {
    return std::bit_cast<double>(number_);
}

Result<std::vector<std::uint64_t>> Reader::varints() const {
    if (is_varint()) return std::vector{number_};
    std::vector<std::uint64_t> numbers;
    try {
        const char* at = bytes_.data();
        const char* end = at + bytes_.size();
        while (at != end)
            numbers.push_back(protozero::decode_varint(&at, end));
    } catch (const protozero::exception&) {
        return malformed();
    }
    return numbers;
}

void encode_entry(Writer& writer, std::uint32_t tag, const std::string& key, const std::string& value) {
    std::string entry;
    Writer inner(entry);
    inner.bytes(1, key);
    inner.bytes(2, value);
    writer.bytes(tag, entry);
}

Result<std::pair<std::string, std::string>> decode_entry(std::string_view bytes) {
    std::pair<std::string, std::string> entry;
    Reader reader(bytes);
    while (TRY(reader.next())) {
        if (!reader.is_bytes()) continue;
        if (reader.tag() == 1) entry.first = std::string(reader.bytes());
        if (reader.tag() == 2) entry.second = std::string(reader.bytes());
    }
    return entry;
}

EncodeFields& EncodeFields::operator()(std::uint32_t tag, const std::vector<std::uint64_t>& values) {
    if (values.empty()) return *this;
    std::string packed;
    for (auto value : values)
        protozero::add_varint_to_buffer(&packed, value);
    writer_.bytes(tag, packed);
    return *this;
}

DecodeField& DecodeField::operator()(std::uint32_t tag, std::vector<std::uint64_t>& values) {
    if (tag != reader_->tag()) return *this;
    auto more = reader_->varints();
    if (!more)
        failure_ = std::move(more.error());
    else
        values.insert(values.end(), more->begin(), more->end());
    return *this;
}

}  // namespace tare::shimv2::message_detail
