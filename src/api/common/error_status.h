#pragma once

// The one table of what an Error is on the wire: HTTP status, gRPC code, Docker's error document.

#include <string>

#include "base/error.h"

namespace tare::api {

/// What dockerd answers for an error of this kind.
int http_status(ErrorKind kind);

/// The number of the gRPC status code (google.rpc.Code) that containerd uses for it.
int grpc_code(ErrorKind kind);

/// {"message": "…"} with the newline that Go's encoder ends it with. A hint follows the message in
/// brackets.
std::string error_document(const Error& error);
std::string error_document(std::string_view message);

}  // namespace tare::api
