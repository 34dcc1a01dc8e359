// What a container inherits from its image.

#include <algorithm>
#include <array>

#include "base/log.h"
#include "engine/container/config_json.h"
#include "oci/image_config.h"

namespace tare::container {

namespace {

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

// The client's list, then what the image has under other names. "NAME" without a value is a client's way to
// name a variable of its own; of an image it means nothing, and nobody's variable is taken for it
// (CVE-2026-57231).
void join_env(Strings& env, const Strings& inherited) {
    const Strings own = env;
    for (const std::string& variable : inherited) {
        if (variable.find('=') == 0 || variable.find('=') == std::string::npos) continue;
        auto same = [&](const std::string& other) { return name_of(other) == name_of(variable); };
        if (std::ranges::none_of(own, same)) env.push_back(variable);
    }
}

void join_set(Strings& set, const Strings& inherited) {
    for (const std::string& key : inherited)
        if (std::ranges::find(set, key) == set.end()) set.push_back(key);
}

template <class T>
void inherit(T& own, const T& inherited) {
    if (own == T()) own = inherited;
}

// Field by field, so that a client may change the interval of the image's check.
void join_healthcheck(std::optional<Healthcheck>& own, const oci::HealthCheck& image) {
    using std::chrono::nanoseconds;
    if (!own) own.emplace();
    inherit(own->test, image.test);
    inherit(own->interval, nanoseconds(image.interval_ns));
    inherit(own->timeout, nanoseconds(image.timeout_ns));
    inherit(own->start_period, nanoseconds(image.start_period_ns));
    inherit(own->start_interval, nanoseconds(image.start_interval_ns));
    inherit(own->retries, image.retries);
}

// Labels that say something to a container manager. Of an image they are a stranger's words: what restarts,
// what is collected and where logs go is not his to decide (security SD9, CVE-2026-53488).
bool is_reserved_label(std::string_view key) {
    constexpr auto kPrefixes = std::to_array<std::string_view>(
        {"containerd.io/", "io.containerd.", "io.cri-containerd", "io.kubernetes.cri", "tare."});
    return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return key.starts_with(prefix); });
}

void join_labels(Config& config, const oci::ImageDefaults& image) {
    for (const auto& [key, value] : image.labels) {
        if (is_reserved_label(key))
            log::warning("a label of the image is left out", {{"label", key}});
        else if (find(config.labels, key) == nullptr)
            config.labels.emplace_back(key, value);
    }
}

// {""} is how a client says "none at all": it must not inherit the image's.
void join_arguments(Config& config, const oci::ImageDefaults& image) {
    const bool has_entrypoint = config.entrypoint && !config.entrypoint->empty();
    if (!has_entrypoint) {
        if (!config.command || config.command->empty()) {
            config.command.reset();
            if (!image.cmd.empty()) config.command = image.cmd;
        }
        if (!config.entrypoint) {
            if (!image.entrypoint.empty()) config.entrypoint = image.entrypoint;
        }
    }
    if (config.entrypoint && *config.entrypoint == Strings{""}) config.entrypoint.reset();
}

}  // namespace

void merge_image_config(Config& config, const oci::ImageConfig& image_config) {
    const oci::ImageDefaults& image = image_config.config;
    inherit(config.user, image.user);
    inherit(config.working_directory, image.working_dir);
    inherit(config.stop_signal, image.stop_signal);
    inherit(config.stop_timeout_seconds, image.stop_timeout_s);
    inherit(config.shell, image.shell);
    inherit(config.on_build, image.on_build);
    join_env(config.env, image.env);
    join_set(config.exposed_ports, image.exposed_ports);
    join_set(config.volumes, image.volumes);
    join_labels(config, image);
    if (image.health_check) join_healthcheck(config.healthcheck, *image.health_check);
    join_arguments(config, image);
}

}  // namespace tare::container
