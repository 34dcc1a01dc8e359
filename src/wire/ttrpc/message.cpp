#include "wire/ttrpc/message.h"

#include <array>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace tare::ttrpc {

namespace {

struct Code {
    ErrorKind kind;
    int code;
};
constexpr std::array kCodes = {
    Code{ErrorKind::cancelled, 1},           Code{ErrorKind::unknown, 2},
    Code{ErrorKind::invalid_argument, 3},    Code{ErrorKind::deadline_exceeded, 4},
    Code{ErrorKind::not_found, 5},           Code{ErrorKind::already_exists, 6},
    Code{ErrorKind::permission_denied, 7},   Code{ErrorKind::resource_exhausted, 8},
    Code{ErrorKind::failed_precondition, 9}, Code{ErrorKind::aborted, 10},
    Code{ErrorKind::out_of_range, 11},       Code{ErrorKind::unimplemented, 12},
    Code{ErrorKind::internal, 13},           Code{ErrorKind::unavailable, 14},
    Code{ErrorKind::data_loss, 15},          Code{ErrorKind::unauthenticated, 16},
};

// A field by number and kind: one of another kind than ours is an unknown field, as in every protobuf
// reader; protozero reads what it is told to read.
constexpr auto text_field(std::uint32_t tag) {
    return protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited);
}
constexpr auto number_field(std::uint32_t tag) {
    return protozero::tag_and_type(tag, protozero::pbf_wire_type::varint);
}

// The library throws on malformed input; no exception leaves this file.
template <class Read>
auto guarded(std::string_view what, Read read) -> decltype(read()) {
    try {
        return read();
    } catch (const protozero::exception&) {
        return fail(ErrorKind::invalid_argument, "ttrpc: malformed ", what);
    }
}

std::pair<std::string, std::string> read_pair(protozero::pbf_reader reader) {
    std::pair<std::string, std::string> pair;
    while (reader.next()) {
        if (reader.tag_and_type() == text_field(1))
            pair.first = reader.get_string();
        else if (reader.tag_and_type() == text_field(2))
            pair.second = reader.get_string();
        else
            reader.skip();
    }
    return pair;
}

Error read_status(protozero::pbf_reader reader) {
    int code = 0;
    std::string message;
    while (reader.next()) {
        if (reader.tag_and_type() == number_field(1))
            code = reader.get_int32();
        else if (reader.tag_and_type() == text_field(2))
            message = reader.get_string();
        else
            reader.skip();
    }
    // Code 0 is success; it carries no message.
    return {code == 0 ? ErrorKind::unknown : kind_of_status(code), code == 0 ? "" : std::move(message)};
}

}  // namespace

int status_code(ErrorKind kind) {
    for (auto& each : kCodes)
        if (each.kind == kind) return each.code;
    return 2;
}

ErrorKind kind_of_status(int code) {
    for (auto& each : kCodes)
        if (each.code == code) return each.kind;
    return ErrorKind::unknown;
}

std::string encode(const Request& request) {
    std::string out;
    protozero::pbf_writer writer(out);
    writer.add_string(1, request.service);
    writer.add_string(2, request.method);
    if (!request.payload.empty()) writer.add_bytes(3, request.payload);
    if (request.timeout.count() != 0) writer.add_int64(4, request.timeout.count());
    for (auto& [key, value] : request.metadata) {
        protozero::pbf_writer pair(writer, 5);
        pair.add_string(1, key);
        pair.add_string(2, value);
    }
    return out;
}

Result<Request> decode_request(std::string_view bytes) {
    return guarded("request", [&]() -> Result<Request> {
        Request request;
        protozero::pbf_reader reader(bytes.data(), bytes.size());
        while (reader.next()) {
            switch (reader.tag_and_type()) {
                case text_field(1):
                    request.service = reader.get_string();
                    break;
                case text_field(2):
                    request.method = reader.get_string();
                    break;
                case text_field(3):
                    request.payload = reader.get_bytes();
                    break;
                case number_field(4):
                    request.timeout = std::chrono::nanoseconds(reader.get_int64());
                    break;
                case text_field(5):
                    request.metadata.push_back(read_pair(reader.get_message()));
                    break;
                default:
                    reader.skip();
            }
        }
        return request;
    });
}

std::string encode_response(const Result<std::string>& reply) {
    std::string out;
    protozero::pbf_writer writer(out);
    if (reply) {
        if (!reply->empty()) writer.add_bytes(2, *reply);
        return out;
    }
    std::string message = reply.error().message();
    if (!reply.error().hint().empty()) message += cat(" (", reply.error().hint(), ")");
    protozero::pbf_writer status(writer, 1);
    status.add_int32(1, status_code(reply.error().kind()));
    status.add_string(2, message);
    return out;
}

Result<std::string> decode_response(std::string_view bytes) {
    return guarded("response", [&]() -> Result<std::string> {
        std::string payload;
        protozero::pbf_reader reader(bytes.data(), bytes.size());
        Error failure(ErrorKind::unknown, "");
        bool has_failed = false;
        while (reader.next()) {
            if (reader.tag_and_type() == text_field(1)) {
                failure = read_status(reader.get_message());
                has_failed = !failure.message().empty() || !failure.is(ErrorKind::unknown);
            } else if (reader.tag_and_type() == text_field(2)) {
                payload = reader.get_bytes();
            } else {
                reader.skip();
            }
        }
        if (has_failed) return failure;
        return payload;
    });
}

}  // namespace tare::ttrpc
