#pragma once

#include <string>

namespace tare::runtime {

/// Now, UTC, RFC 3339 with nanoseconds: "2024-05-01T12:00:00.123456789Z".
std::string rfc3339_now();

}  // namespace tare::runtime
