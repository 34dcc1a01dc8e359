#include "oci/platform.h"

#include <algorithm>

namespace tare::oci {

namespace {

#if defined(__x86_64__)
constexpr std::string_view kHostArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kHostArchitecture = "arm64";
#elif defined(__riscv)
constexpr std::string_view kHostArchitecture = "riscv64";
#elif defined(__s390x__)
constexpr std::string_view kHostArchitecture = "s390x";
#elif defined(__powerpc64__)
constexpr std::string_view kHostArchitecture = "ppc64le";
#else
#error "name this architecture as Go does"
#endif

void normalize(Platform& platform) {
    auto& architecture = platform.architecture;
    auto& variant = platform.variant;
    architecture = to_lower(architecture);
    variant = to_lower(variant);
    if (architecture == "x86_64" || architecture == "x86-64") architecture = "amd64";
    if (architecture == "i386") architecture = "386";
    if (architecture == "aarch64") architecture = "arm64";
    if (architecture == "armhf" || architecture == "armel") {
        variant = architecture == "armhf" ? "v7" : "v6";
        architecture = "arm";
    }
    if (architecture == "amd64" && variant == "v1") variant.clear();
    if (architecture == "arm64" && (variant == "8" || variant == "v8")) variant.clear();
    if (architecture == "arm" && (variant == "5" || variant == "6" || variant == "7" || variant == "8"))
        variant.insert(0, "v");
    if (architecture == "arm" && variant.empty()) variant = "v7";
}

bool is_system(std::string_view text) {
    return text == "linux" || text == "windows" || text == "darwin" || text == "freebsd";
}

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.';
    });
}

}  // namespace

std::string Platform::text() const {
    return cat(os, "/", architecture, variant.empty() ? "" : "/", variant);
}

Platform host_platform() {
    return {.os = "linux", .architecture = std::string(kHostArchitecture)};
}

Result<Platform> parse_platform(std::string_view text) {
    auto parts = split(text, '/');
    if (parts.size() > 3 || !std::ranges::all_of(parts, is_word))
        return fail(ErrorKind::invalid_argument, "invalid platform ", quote(text))
            .set_hint("write it as os/architecture[/variant], for example linux/arm64");
    Platform platform = host_platform();
    if (parts.size() == 1 && is_system(to_lower(parts[0]))) {
        platform.os = to_lower(parts[0]);
    } else if (parts.size() == 1) {
        platform.architecture = parts[0];
    } else {
        platform.os = to_lower(parts[0]);
        platform.architecture = parts[1];
        if (parts.size() == 3) platform.variant = parts[2];
    }
    normalize(platform);
    return platform;
}

Result<Platform> parse_platform(const JsonView& view) {
    Platform platform;
    platform.os = TRY(view.string_or("os", ""));
    platform.architecture = TRY(view.string_or("architecture", ""));
    platform.variant = TRY(view.string_or("variant", ""));
    platform.os_version = TRY(view.string_or("os.version", ""));
    platform.os_features = TRY(view.strings("os.features"));
    normalize(platform);
    return platform;
}

Json to_json(const Platform& platform) {
    Json out;
    out.set("architecture", platform.architecture).set("os", platform.os);
    if (!platform.variant.empty()) out.set("variant", platform.variant);
    if (!platform.os_version.empty()) out.set("os.version", platform.os_version);
    if (!platform.os_features.empty()) out.set("os.features", Json(platform.os_features));
    return out;
}

std::optional<int> match(const Platform& wanted, const Platform& offered) {
    if (wanted.os != offered.os || wanted.architecture != offered.architecture) return std::nullopt;
    if (wanted.variant == offered.variant) return 100;
    if (offered.variant.empty()) return 1;
    auto number = [](std::string_view variant) {
        return variant.starts_with('v') ? parse_integer<int>(variant.substr(1)).value_or(0) : 0;
    };
    int have = number(wanted.variant);
    int need = number(offered.variant);
    bool is_older = need != 0 && have != 0 && need < have;
    return is_older ? std::optional(10 + need) : std::nullopt;
}

}  // namespace tare::oci
