#include "api/docker/image_json.h"

#include <algorithm>

#include "api/docker/time_text.h"
#include "base/text.h"

namespace tare::docker {

namespace {

using transfer::ResolvedImage;

Json list_or_null(const std::vector<std::string>& values) {
    return values.empty() ? Json() : Json(values);
}

Json map_or_null(const std::vector<std::pair<std::string, std::string>>& map) {
    if (map.empty()) return {};
    Json object = Json::object();
    for (const auto& [key, value] : map)
        object.set(key, value);
    return object;
}

// Go's map[string]struct{}.
Json set_or_null(const std::vector<std::string>& keys) {
    if (keys.empty()) return {};
    Json object = Json::object();
    for (const std::string& key : keys)
        object.set(key, Json::object());
    return object;
}

Json health_document(const oci::HealthCheck& check) {
    Json document = Json::object();
    if (!check.test.empty()) document.set("Test", Json(check.test));
    if (check.interval_ns != 0) document.set("Interval", check.interval_ns);
    if (check.timeout_ns != 0) document.set("Timeout", check.timeout_ns);
    if (check.start_period_ns != 0) document.set("StartPeriod", check.start_period_ns);
    if (check.start_interval_ns != 0) document.set("StartInterval", check.start_interval_ns);
    if (check.retries != 0) document.set("Retries", check.retries);
    return document;
}

// Until 1.49 the whole of a container's configuration, mostly empty; since then what an image can have.
Json config_document(const oci::ImageDefaults& config, ApiVersion version) {
    Json document = Json::object();
    bool is_whole = version < ApiVersion{1, 50};
    if (is_whole) document.set("Hostname", "").set("Domainname", "");
    if (is_whole || !config.user.empty()) document.set("User", config.user);
    if (is_whole) document.set("AttachStdin", false).set("AttachStdout", false).set("AttachStderr", false);
    if (!config.exposed_ports.empty()) document.set("ExposedPorts", set_or_null(config.exposed_ports));
    if (is_whole) document.set("Tty", false).set("OpenStdin", false).set("StdinOnce", false);
    if (is_whole || !config.env.empty()) document.set("Env", list_or_null(config.env));
    if (is_whole || !config.cmd.empty()) document.set("Cmd", list_or_null(config.cmd));
    if (config.health_check) document.set("Healthcheck", health_document(*config.health_check));
    if (is_whole) document.set("Image", "");
    if (is_whole || !config.volumes.empty()) document.set("Volumes", set_or_null(config.volumes));
    if (is_whole || !config.working_dir.empty()) document.set("WorkingDir", config.working_dir);
    if (is_whole || !config.entrypoint.empty()) document.set("Entrypoint", list_or_null(config.entrypoint));
    if (is_whole || !config.on_build.empty()) document.set("OnBuild", list_or_null(config.on_build));
    if (is_whole || !config.labels.empty()) document.set("Labels", map_or_null(config.labels));
    if (!config.stop_signal.empty()) document.set("StopSignal", config.stop_signal);
    if (config.stop_timeout_s) document.set("StopTimeout", *config.stop_timeout_s);
    if (!config.shell.empty()) document.set("Shell", Json(config.shell));
    return document;
}

Json descriptor_document(const oci::Descriptor& descriptor) {
    return Json::object()
        .set("mediaType", descriptor.media_type)
        .set("digest", descriptor.digest.text())
        .set("size", descriptor.size_bytes);
}

Json root_fs_document(const ResolvedImage& image) {
    Json layers = Json::array();
    for (const Digest& diff_id : image.config.diff_ids)
        layers.push(diff_id.text());
    return Json::object().set("Type", "layers").set("Layers", std::move(layers));
}

}  // namespace

std::vector<std::string> repo_tags(const ResolvedImage& image) {
    std::vector<std::string> tags;
    for (const std::string& name : image.names)
        if (auto reference = oci::Reference::parse(name); reference && !reference->tag().empty())
            tags.push_back(cat(reference->familiar_repository(), ':', reference->tag()));
    return tags;
}

std::vector<std::string> repo_digests(const ResolvedImage& image) {
    std::vector<std::string> digests;
    for (const std::string& name : image.names) {
        auto reference = oci::Reference::parse(name);
        if (!reference) continue;
        std::string digest = cat(reference->familiar_repository(), '@', image.target.digest.text());
        if (std::ranges::find(digests, digest) == digests.end()) digests.push_back(std::move(digest));
    }
    return digests;
}

Time created_of(const ResolvedImage& image) {
    return parse_rfc3339(image.config.created).value_or(Time());
}

Json image_summary(const ResolvedImage& image, std::int64_t containers, ApiVersion version,
                   std::int64_t shared_bytes) {
    Json document =
        Json::object().set("Containers", containers).set("Created", unix_seconds(created_of(image)));
    document.set("Id", image.id().text()).set("Labels", map_or_null(image.config.config.labels));
    document.set("ParentId", "");
    if (version >= ApiVersion{1, 48}) document.set("Descriptor", descriptor_document(image.target));
    document.set("RepoDigests", Json(repo_digests(image))).set("RepoTags", Json(repo_tags(image)));
    document.set("SharedSize", shared_bytes).set("Size", image.size_bytes);
    if (version < ApiVersion{1, 44}) document.set("VirtualSize", image.size_bytes);
    return document;
}

Json image_document(const ResolvedImage& image, const std::string& snapshotter, ApiVersion version) {
    const oci::ImageConfig& config = image.config;
    Json document = Json::object().set("Id", image.id().text());
    document.set("RepoTags", Json(repo_tags(image))).set("RepoDigests", Json(repo_digests(image)));
    if (version < ApiVersion{1, 50}) document.set("Parent", "");
    document.set("Comment", config.history.empty() ? "" : config.history.back().comment);
    document.set("Created", config.created);
    if (version < ApiVersion{1, 45}) document.set("Container", "");
    if (version < ApiVersion{1, 50}) document.set("DockerVersion", "");
    document.set("Author", config.author).set("Config", config_document(config.config, version));
    document.set("Architecture", config.platform.architecture);
    if (!config.platform.variant.empty()) document.set("Variant", config.platform.variant);
    document.set("Os", config.platform.os);
    if (!config.platform.os_version.empty()) document.set("OsVersion", config.platform.os_version);
    document.set("Size", image.size_bytes);
    if (version < ApiVersion{1, 44}) document.set("VirtualSize", image.size_bytes);
    if (version < ApiVersion{1, 52})
        document.set("GraphDriver", Json::object().set("Data", nullptr).set("Name", snapshotter));
    document.set("RootFS", root_fs_document(image));
    document.set("Metadata", Json::object().set("LastTagTime", format_rfc3339(image.updated)));
    if (version >= ApiVersion{1, 48}) document.set("Descriptor", descriptor_document(image.target));
    return document;
}

Json history_document(const ResolvedImage& image, const std::vector<std::uint64_t>& layer_bytes) {
    Json list = Json::array();
    std::vector<Json> steps;
    std::size_t layer = 0;
    for (const oci::HistoryEntry& step : image.config.history) {
        std::uint64_t size = 0;
        if (!step.empty_layer && layer < layer_bytes.size()) size = layer_bytes[layer++];
        Json line = Json::object().set("Id", "<missing>");
        line.set("Created", unix_seconds(parse_rfc3339(step.created).value_or(Time())));
        line.set("CreatedBy", step.created_by).set("Tags", nullptr).set("Size", size);
        steps.push_back(std::move(line.set("Comment", step.comment)));
    }
    if (!steps.empty()) {
        steps.back().set("Id", image.id().text()).set("Tags", list_or_null(repo_tags(image)));
    }
    for (auto step = steps.rbegin(); step != steps.rend(); ++step)
        list.push(std::move(*step));
    return list;
}

}  // namespace tare::docker
