// What the world is told, with the attributes that Docker gives.

#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

void Supervisor::Impl::publish(const Container& container, std::string action, Attributes attributes) {
    // Labels first: one called "name" does not hide the name.
    Attributes all(container.config.labels.begin(), container.config.labels.end());
    all.insert_or_assign("image", container.config.image);
    all.insert_or_assign("name", container.name);
    for (auto& [key, value] : attributes)
        all.insert_or_assign(key, std::move(value));
    parts.events.publish({.name_space = container.space,
                          .type = "container",
                          .action = std::move(action),
                          .actor = container.id,
                          .attributes = std::move(all)});
}

void Supervisor::Impl::publish_network(const Container& container, const std::string& action) {
    for (const auto& [name, endpoint] : container.network_settings.networks) {
        if (endpoint.network_id.empty()) continue;
        const std::string type = name == "host" ? "host" : name == "none" ? "null" : "bridge";
        parts.events.publish({.name_space = container.space,
                              .type = "network",
                              .action = action,
                              .actor = endpoint.network_id,
                              .attributes = {{"container", container.id}, {"name", name}, {"type", type}}});
    }
}

void Supervisor::Impl::publish_volume(const Container& container, const container::MountPoint& mount,
                                      std::string action) {
    parts.events.publish({.name_space = container.space,
                          .type = "volume",
                          .action = std::move(action),
                          .actor = mount.name,
                          .attributes = {{"container", container.id},
                                         {"destination", mount.destination},
                                         {"driver", mount.driver.empty() ? "local" : mount.driver},
                                         {"propagation", mount.propagation},
                                         {"read/write", mount.is_writable ? "true" : "false"}}});
}

}  // namespace tare::supervisor
