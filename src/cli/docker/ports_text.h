#pragma once

// The PORTS column.

#include <string>

#include "base/json.h"

namespace tare::cli::docker {

/// "0.0.0.0:8080->80/tcp, 9000-9001/tcp": neighbouring ports are joined to ranges where host and
/// container port are the same or only exposed.
std::string displayable_ports(const Json::Array& ports);

}  // namespace tare::cli::docker
