#include "api/docker/event_filter.h"

#include <algorithm>
#include <array>

#include "api/docker/time_text.h"

namespace tare::docker {

namespace {

using event::Event;

// What Docker's clients know; the store's own events (content, snapshot, lease) are containerd's.
constexpr std::array<std::string_view, 5> kTypes = {"container", "image", "network", "volume", "daemon"};

std::string_view attribute(const Event& event, const std::string& key) {
    auto found = event.attributes.find(key);
    return found == event.attributes.end() ? std::string_view() : std::string_view(found->second);
}

// "exec_start: /bin/sh" and "health_status: healthy" also go by what stands before the colon.
bool accepts_action(const Filters& filters, const Event& event) {
    if (!filters.has("event")) return true;
    return filters.accepts("event", event.action) || filters.accepts("event", cut(event.action, ':').before);
}

// By id, a prefix of it, or name.
bool accepts_actor(const Filters& filters, std::string_view type, const Event& event) {
    if (!filters.has(type)) return true;
    if (event.type != type) return false;
    std::string_view name = attribute(event, "name");
    return std::ranges::any_of(filters.values(type), [&](const std::string& wanted) {
        return !wanted.empty() && (event.actor.starts_with(wanted) || name == wanted);
    });
}

// An image's events by its name or id, and the events of containers made of it. A tag may be left out.
bool accepts_image(const Filters& filters, const Event& event) {
    if (!filters.has("image")) return true;
    std::string_view name = attribute(event, event.type == "image" ? "name" : "image");
    if (event.type != "image" && event.type != "container") return false;
    auto without_tag = [](std::string_view text) {
        std::size_t colon = text.rfind(':');
        bool is_tag = colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos;
        return is_tag ? text.substr(0, colon) : text;
    };
    return std::ranges::any_of(filters.values("image"), [&](const std::string& wanted) {
        return wanted == name || wanted == without_tag(name) || without_tag(wanted) == name ||
               (event.type == "image" && !wanted.empty() && event.actor.starts_with(wanted));
    });
}

}  // namespace

Result<> check_event_filters(const Filters& filters) {
    return filters.allow_only({"config", "container", "daemon", "event", "image", "label", "network", "node",
                               "plugin", "scope", "secret", "service", "type", "volume"});
}

bool accepts_event(const Filters& filters, const Event& event) {
    if (std::ranges::find(kTypes, event.type) == kTypes.end()) return false;
    if (!filters.accepts("type", event.type) || !filters.accepts("scope", "local")) return false;
    for (std::string_view type : {"config", "node", "plugin", "secret", "service"})
        if (filters.has(type)) return false;
    for (std::string_view type : {"container", "network", "volume", "daemon"})
        if (!accepts_actor(filters, type, event)) return false;
    return accepts_action(filters, event) && accepts_image(filters, event) &&
           filters.accepts_labels(event.attributes);
}

Json event_document(const Event& event, ApiVersion version) {
    Json document = Json::object();
    bool is_legacy = version < ApiVersion{1, 52};
    if (is_legacy && (event.type == "container" || event.type == "image")) {
        document.set("status", event.action).set("id", event.actor);
        std::string_view image = attribute(event, "image");
        if (event.type == "container" && !image.empty()) document.set("from", image);
    }
    Json attributes = Json::object();
    for (const auto& [key, value] : event.attributes)
        attributes.set(key, value);
    document.set("Type", event.type).set("Action", event.action);
    document.set("Actor", Json::object().set("ID", event.actor).set("Attributes", std::move(attributes)));
    document.set("scope", "local").set("time", unix_seconds(event.time));
    return document.set("timeNano", event.time.time_since_epoch().count());
}

}  // namespace tare::docker
