#include "oci/image_config.h"

#include <algorithm>

#include "base/sha256.h"

namespace tare::oci {

namespace {

using StringMap = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kHistoryLimit = 4096;
constexpr std::size_t kEnvLimit = 4096;
constexpr std::size_t kLabelLimit = 4096;
constexpr std::size_t kLabelBytesLimit = std::size_t{64} << 10;
constexpr std::size_t kUserBytesLimit = 256;
constexpr std::size_t kLayerLimit = 1024;

Error too_many(const JsonView& view, std::string_view key, std::size_t limit) {
    return fail(ErrorKind::resource_exhausted, view.path(), ".", key, ": more than ", limit, " entries");
}

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

/// A list whose entries end in the kernel (environment, arguments): a NUL would cut them short.
Result<std::vector<std::string>> words(const JsonView& view, std::string_view key) {
    auto list = TRY(view.strings(key));
    if (list.size() > kEnvLimit) return too_many(view, key, kEnvLimit);
    if (std::ranges::any_of(list, has_nul)) return view.error(cat(key, ": an entry holds a NUL byte"));
    return list;
}

/// The keys of {"80/tcp": {}}: how Go writes a set.
Result<std::vector<std::string>> key_set(const JsonView& view, std::string_view key) {
    std::vector<std::string> keys;
    TRY(view.each_member(key, [&](const std::string& name, const JsonView&) -> Result<> {
        if (keys.size() == kEnvLimit) return too_many(view, key, kEnvLimit);
        if (has_nul(name)) return view.error(cat(key, ": a name holds a NUL byte"));
        keys.push_back(name);
        return {};
    }));
    return keys;
}

Json set_of(const std::vector<std::string>& keys) {
    Json out = Json::object();
    for (auto& key : keys)
        out.set(key, Json::object());
    return out;
}

Result<StringMap> labels_of(const JsonView& view) {
    auto labels = TRY(view.string_map("Labels"));
    if (labels.size() > kLabelLimit) return too_many(view, "Labels", kLabelLimit);
    for (auto& [key, value] : labels)
        if (key.size() > kLabelBytesLimit || value.size() > kLabelBytesLimit)
            return fail(ErrorKind::resource_exhausted, view.path(), ".Labels: an entry has more than ",
                        kLabelBytesLimit, " bytes");
    return labels;
}

Result<HistoryEntry> parse_history(const JsonView& view) {
    HistoryEntry entry;
    entry.created = TRY(view.string_or("created", ""));
    entry.created_by = TRY(view.string_or("created_by", ""));
    entry.author = TRY(view.string_or("author", ""));
    entry.comment = TRY(view.string_or("comment", ""));
    entry.empty_layer = TRY(view.boolean_or("empty_layer", false));
    return entry;
}

Result<std::vector<Digest>> parse_diff_ids(const JsonView& rootfs) {
    auto type = TRY(rootfs.string_or("type", "layers"));
    if (type != "layers") return rootfs.error(cat("type ", quote(type), " is unknown, expected \"layers\""));
    std::vector<Digest> diff_ids;
    for (auto& text : TRY(rootfs.strings("diff_ids"))) {
        if (diff_ids.size() == kLayerLimit) return too_many(rootfs, "diff_ids", kLayerLimit);
        auto digest = Digest::parse(text);
        if (!digest) return rootfs.error(cat("diff_ids: ", digest.error().message()));
        diff_ids.push_back(*digest);
    }
    return diff_ids;
}

Result<ImageConfig> parse_body(const JsonView& view) {
    ImageConfig image;
    image.created = TRY(view.string_or("created", ""));
    image.author = TRY(view.string_or("author", ""));
    image.platform = TRY(parse_platform(view));
    if (auto config = TRY(view.object("config"))) image.config = TRY(parse_image_defaults(*config));
    if (auto rootfs = TRY(view.object("rootfs"))) image.diff_ids = TRY(parse_diff_ids(*rootfs));
    TRY(view.each("history", [&](const JsonView& entry) -> Result<> {
        if (image.history.size() == kHistoryLimit) return too_many(view, "history", kHistoryLimit);
        image.history.push_back(TRY(parse_history(entry)));
        return {};
    }));
    return image;
}

Json json_of(const HistoryEntry& entry) {
    Json out = Json::object();
    if (!entry.created.empty()) out.set("created", entry.created);
    if (!entry.created_by.empty()) out.set("created_by", entry.created_by);
    if (!entry.author.empty()) out.set("author", entry.author);
    if (!entry.comment.empty()) out.set("comment", entry.comment);
    if (entry.empty_layer) out.set("empty_layer", true);
    return out;
}

}  // namespace

Result<HealthCheck> parse_health_check(const JsonView& view) {
    TRY(view.expect_object());
    HealthCheck check;
    check.test = TRY(words(view, "Test"));
    check.interval_ns = TRY(view.integer_or<std::int64_t>("Interval", 0));
    check.timeout_ns = TRY(view.integer_or<std::int64_t>("Timeout", 0));
    check.start_period_ns = TRY(view.integer_or<std::int64_t>("StartPeriod", 0));
    check.start_interval_ns = TRY(view.integer_or<std::int64_t>("StartInterval", 0));
    check.retries = TRY(view.integer_or<int>("Retries", 0));
    bool is_negative = check.interval_ns < 0 || check.timeout_ns < 0 || check.start_period_ns < 0 ||
                       check.start_interval_ns < 0 || check.retries < 0;
    if (is_negative) return view.error("times and retries cannot be negative");
    return check;
}

Result<ImageDefaults> parse_image_defaults(const JsonView& view) {
    TRY(view.expect_object());
    ImageDefaults config;
    config.user = TRY(view.string_or("User", ""));
    if (config.user.size() > kUserBytesLimit || has_nul(config.user))
        return view.error(cat("User: longer than ", kUserBytesLimit, " bytes or holds a NUL byte"));
    config.working_dir = TRY(view.string_or("WorkingDir", ""));
    if (has_nul(config.working_dir)) return view.error("WorkingDir: holds a NUL byte");
    config.env = TRY(words(view, "Env"));
    config.entrypoint = TRY(words(view, "Entrypoint"));
    config.cmd = TRY(words(view, "Cmd"));
    config.exposed_ports = TRY(key_set(view, "ExposedPorts"));
    config.volumes = TRY(key_set(view, "Volumes"));
    config.labels = TRY(labels_of(view));
    config.stop_signal = TRY(view.string_or("StopSignal", ""));
    config.stop_timeout_s = TRY(view.optional_integer<int>("StopTimeout"));
    if (auto check = TRY(view.object("Healthcheck"))) config.health_check = TRY(parse_health_check(*check));
    config.shell = TRY(words(view, "Shell"));
    config.on_build = TRY(words(view, "OnBuild"));
    return config;
}

Result<ImageConfig> parse_image_config(std::string_view text) {
    Json document =
        TRY(parse_json(text, {.what = "image config", .size_bytes = kImageConfigLimitBytes, .depth = 128}));
    JsonView view(document, "image config");
    TRY(view.expect_object());
    return parse_body(view);
}

Json to_json(const HealthCheck& check) {
    Json out = Json::object();
    if (!check.test.empty()) out.set("Test", Json(check.test));
    if (check.interval_ns != 0) out.set("Interval", check.interval_ns);
    if (check.timeout_ns != 0) out.set("Timeout", check.timeout_ns);
    if (check.start_period_ns != 0) out.set("StartPeriod", check.start_period_ns);
    if (check.start_interval_ns != 0) out.set("StartInterval", check.start_interval_ns);
    if (check.retries != 0) out.set("Retries", check.retries);
    return out;
}

Json to_json(const ImageDefaults& config) {
    Json out = Json::object();
    if (!config.user.empty()) out.set("User", config.user);
    if (!config.exposed_ports.empty()) out.set("ExposedPorts", set_of(config.exposed_ports));
    if (!config.env.empty()) out.set("Env", Json(config.env));
    if (!config.entrypoint.empty()) out.set("Entrypoint", Json(config.entrypoint));
    if (!config.cmd.empty()) out.set("Cmd", Json(config.cmd));
    if (config.health_check) out.set("Healthcheck", to_json(*config.health_check));
    if (!config.volumes.empty()) out.set("Volumes", set_of(config.volumes));
    if (!config.working_dir.empty()) out.set("WorkingDir", config.working_dir);
    if (!config.on_build.empty()) out.set("OnBuild", Json(config.on_build));
    if (!config.labels.empty()) {
        Json labels = Json::object();
        for (auto& [key, value] : config.labels)
            labels.set(key, value);
        out.set("Labels", std::move(labels));
    }
    if (!config.stop_signal.empty()) out.set("StopSignal", config.stop_signal);
    if (config.stop_timeout_s) out.set("StopTimeout", *config.stop_timeout_s);
    if (!config.shell.empty()) out.set("Shell", Json(config.shell));
    return out;
}

Json to_json(const ImageConfig& image) {
    Json out = to_json(image.platform);
    if (!image.created.empty()) out.set("created", image.created);
    if (!image.author.empty()) out.set("author", image.author);
    out.set("config", to_json(image.config));
    Json diff_ids = Json::array();
    for (auto& diff_id : image.diff_ids)
        diff_ids.push(diff_id.text());
    Json rootfs;
    rootfs.set("type", "layers").set("diff_ids", std::move(diff_ids));
    out.set("rootfs", std::move(rootfs));
    Json history = Json::array();
    for (auto& entry : image.history)
        history.push(json_of(entry));
    if (!image.history.empty()) out.set("history", std::move(history));
    return out;
}

std::vector<Digest> chain_ids(std::span<const Digest> diff_ids) {
    std::vector<Digest> chain;
    chain.reserve(diff_ids.size());
    for (auto& diff_id : diff_ids)
        chain.push_back(chain.empty() ? diff_id : sha256(cat(chain.back().text(), " ", diff_id.text())));
    return chain;
}

Digest chain_id(std::span<const Digest> diff_ids) {
    return diff_ids.empty() ? Digest() : chain_ids(diff_ids).back();
}

}  // namespace tare::oci
