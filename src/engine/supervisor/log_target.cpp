#include "engine/supervisor/log_target.h"

#include <algorithm>
#include <array>

namespace tare::supervisor {

namespace {

constexpr std::array<std::string_view, 12> kKnownOptions = {
    "max-file",  "max-size", "compress", "labels",          "labels-regex",   "env",
    "env-regex", "tag",      "mode",     "max-buffer-size", "cache-disabled", "cache-max-size"};

/// The few fields of Docker's log tags, "{{.Name}}/{{.ID}}".
std::string fill_tag(std::string tag, const container::Container& container) {
    const std::string image_id =
        container.image_id.substr(container.image_id.find(':') == std::string::npos ? 0 : 7, 12);
    const std::pair<std::string_view, std::string> fields[] = {
        {"{{.ID}}", container.short_id()}, {"{{.FullID}}", container.id},
        {"{{.Name}}", container.name},     {"{{.ImageName}}", container.config.image},
        {"{{.ImageID}}", image_id},        {"{{.ImageFullID}}", container.image_id},
        {"{{.DaemonName}}", "docker"}};
    for (const auto& [field, value] : fields)
        tag = replace_all(tag, field, value);
    return tag;
}

std::string_view option(const container::LogConfig& log, std::string_view key) {
    const std::string* value = container::find(log.config, key);
    return value ? std::string_view(*value) : std::string_view();
}

void add_attributes(const container::Container& container, task::LogTarget& target) {
    const container::LogConfig& log = container.host_config.log;
    for (std::string_view name : split(option(log, "labels"), ','))
        if (const std::string* value = container::find(container.config.labels, name); value && !name.empty())
            target.attributes.emplace_back(name, *value);
    for (std::string_view name : split(option(log, "env"), ','))
        for (const std::string& entry : container.config.env) {
            const Cut variable = cut(entry, '=');
            if (!name.empty() && variable.before == name && variable.after)
                target.attributes.emplace_back(name, *variable.after);
        }
    if (auto tag = option(log, "tag"); !tag.empty())
        target.attributes.emplace_back("tag", fill_tag(std::string(tag), container));
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::string unit;
    std::size_t end = text.find_first_not_of("0123456789.");
    if (end == std::string_view::npos) end = text.size();
    unit = to_lower(trim(text.substr(end)));
    double number = 0;
    const std::string_view digits = text.substr(0, end);
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || stop != digits.data() + digits.size() || digits.empty()) return std::nullopt;
    constexpr std::string_view kPrefixes = "kmgtp";
    double factor = 1;
    if (!unit.empty() && unit != "b") {
        const std::size_t power = kPrefixes.find(unit.front());
        const std::string_view rest = std::string_view(unit).substr(1);
        if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib"))
            return std::nullopt;
        for (std::size_t i = 0; i <= power; ++i)
            factor *= 1024;
    }
    if (number * factor >= 9e18) return std::nullopt;
    return static_cast<std::uint64_t>(number * factor);
}

void fill_log_config(container::LogConfig& log, const container::LogConfig& defaults) {
    if (log.type.empty()) log.type = defaults.type.empty() ? "json-file" : defaults.type;
    if (log.type != defaults.type) return;
    for (const auto& [key, value] : defaults.config)
        if (!container::find(log.config, key)) log.config.emplace_back(key, value);
}

Result<> check_log_options(const container::LogConfig& log) {
    for (const auto& [key, value] : log.config)
        if (std::find(kKnownOptions.begin(), kKnownOptions.end(), key) == kKnownOptions.end())
            return fail(ErrorKind::invalid_argument, "unknown log opt ", quote(key), " for ",
                        log.type.empty() ? "json-file" : log.type, " log driver");
    if (auto size = option(log, "max-size"); !size.empty() && size != "-1" && !parse_size(size))
        return fail(ErrorKind::invalid_argument, "invalid log opt max-size: invalid size: ", quote(size));
    if (auto count = option(log, "max-file"); !count.empty()) {
        auto number = parse_integer<std::uint32_t>(count);
        if (!number || *number < 1)
            return fail(ErrorKind::invalid_argument, "max-file cannot be less than 1");
    }
    return {};
}

Result<task::LogTarget> log_target(const container::Container& container) {
    const container::LogConfig& log = container.host_config.log;
    task::LogTarget target;
    if (log.type == "none" || container.log_path.empty()) return target;
    TRY(check_log_options(log));
    target.driver = "json-file";
    target.path = container.log_path;
    if (auto size = option(log, "max-size"); !size.empty())
        target.max_size_bytes = parse_size(size).value_or(0);
    if (auto count = option(log, "max-file"); !count.empty())
        target.max_files = parse_integer<std::uint32_t>(count).value_or(1);
    if (log.type == "local" && target.max_size_bytes == 0) {
        // The defaults of Docker's driver of that name.
        target.max_size_bytes = std::uint64_t{20} << 20;
        target.max_files = std::max<std::uint32_t>(target.max_files, 5);
    }
    add_attributes(container, target);
    return target;
}

}  // namespace tare::supervisor
