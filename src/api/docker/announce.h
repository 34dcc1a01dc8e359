#pragma once

// Events of what the API itself brings about; those of containers come from the supervisor.

#include <map>
#include <string>
#include <string_view>

#include "api/docker/service.h"

namespace tare::docker {

void announce(const Parts& parts, std::string_view type, std::string_view action, const std::string& actor,
              std::map<std::string, std::string> attributes);

}  // namespace tare::docker
