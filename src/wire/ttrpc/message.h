#pragma once

// The two messages of ttrpc, and status codes. Source: containerd/ttrpc, request.proto;
// google/rpc/code.proto.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tare::ttrpc {

struct Request {
    std::string service;
    std::string method;
    std::string payload;
    std::chrono::nanoseconds timeout{0};  ///< 0: none
    std::vector<std::pair<std::string, std::string>> metadata;
};

std::string encode(const Request& request);
/// invalid_argument on malformed bytes.
Result<Request> decode_request(std::string_view bytes);

/// A Response: the payload, or the failure as status code and message.
std::string encode_response(const Result<std::string>& reply);
/// The payload, or the other side's failure; invalid_argument on malformed bytes.
Result<std::string> decode_response(std::string_view bytes);

/// google.rpc.Code of a kind, and back; an unknown code is `unknown`.
int status_code(ErrorKind kind);
ErrorKind kind_of_status(int code);

}  // namespace tare::ttrpc
