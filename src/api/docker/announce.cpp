#include "api/docker/announce.h"

#include "engine/event/bus.h"

namespace tare::docker {

void announce(const Parts& parts, std::string_view type, std::string_view action, const std::string& actor,
              std::map<std::string, std::string> attributes) {
    parts.bus.publish({.time = {},
                       .name_space = parts.name_space,
                       .type = std::string(type),
                       .action = std::string(action),
                       .actor = actor,
                       .attributes = std::move(attributes)});
}

}  // namespace tare::docker
