#include "cli/common/resource_spec.h"

#include <algorithm>
#include <array>

#include "cli/common/flags.h"
#include "cli/common/port_spec.h"
#include "cli/common/size.h"
#include "posix/path.h"

namespace tare::cli {

namespace {

Error bad(std::string message) {
    return Error(ErrorKind::invalid_argument, std::move(message));
}

// Each of r, w and m at most once.
bool is_device_mode(std::string_view mode) {
    if (mode.empty()) return false;
    for (char c : mode)
        if (std::string_view("rwm").find(c) == std::string_view::npos || std::ranges::count(mode, c) > 1)
            return false;
    return true;
}

constexpr std::array<std::string_view, 15> kLimits = {"core",    "cpu",      "data",   "fsize",      "locks",
                                                      "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                                      "rss",     "rtprio",   "rttime", "sigpending", "stack"};

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

Result<std::pair<std::string_view, std::string_view>> split_device_value(std::string_view option) {
    auto [path, value] = cut(option, ':');
    if (!value || path.empty()) return bad(cat("bad format: ", option));
    if (!path.starts_with("/dev/")) return bad(cat("bad format for device path: ", option));
    return std::pair(path, *value);
}

}  // namespace

bool is_cdi_device(std::string_view option) {
    auto [kind, name] = cut(option, '=');
    auto [vendor, device_class] = cut(kind, '/');
    return name && !name->empty() && device_class && !device_class->empty() && !vendor.empty() &&
           vendor.find('.') != std::string_view::npos;
}

Result<Json> parse_device(std::string_view option) {
    std::vector<std::string_view> parts = split(option, ':');
    if (parts.size() > 3 || parts[0].empty()) return bad(cat("bad format for path: ", option));
    std::string_view host = parts[0];
    std::string_view container = host;
    std::string_view mode = "rwm";
    if (parts.size() == 3) {
        container = parts[1];
        mode = parts[2];
        if (!is_device_mode(mode)) return bad(cat("bad mode specified: ", mode));
    } else if (parts.size() == 2) {
        (is_device_mode(parts[1]) ? mode : container) = parts[1];
    }
    if (!container.starts_with('/')) return bad(cat(container, " is not an absolute path"));
    Json out = Json::object();
    out.set("PathOnHost", host)
        .set("PathInContainer", posix::clean_path(container))
        .set("CgroupPermissions", mode);
    return out;
}

Result<std::string> parse_device_rule(std::string_view option) {
    std::vector<std::string_view> words = split(option, ' ');
    auto is_number = [](std::string_view text) { return text == "*" || parse_integer<std::uint32_t>(text); };
    bool is_good = words.size() == 3 && (words[0] == "a" || words[0] == "b" || words[0] == "c") &&
                   is_device_mode(words[2]);
    if (is_good) {
        auto [major, minor] = cut(words[1], ':');
        is_good = minor && is_number(major) && is_number(*minor);
    }
    if (!is_good) return bad(cat("invalid device cgroup format '", option, '\''));
    return std::string(option);
}

Result<Json> parse_ulimit(std::string_view option) {
    auto [name, value] = cut(option, '=');
    if (!value) return bad(cat("invalid ulimit argument: ", option));
    if (std::ranges::find(kLimits, name) == kLimits.end()) return bad(cat("invalid ulimit type: ", name));
    std::vector<std::string_view> limits = split(*value, ':');
    if (limits.size() > 2)
        return bad(
            cat("too many limit value arguments - ", *value, ", can only have up to two, `soft[:hard]`"));
    std::int64_t hard = TRY(parse_int64(limits.back()));
    std::int64_t soft = TRY(parse_int64(limits.front()));
    if (hard != -1 && soft == -1)
        return bad(
            cat("ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ",
                hard));
    if (hard != -1 && soft > hard)
        return bad(cat("ulimit soft limit must be less than or equal to hard limit: ", soft, " > ", hard));
    Json out = Json::object();
    out.set("Name", name).set("Soft", soft).set("Hard", hard);
    return out;
}

Result<std::int64_t> parse_cpus(std::string_view option) {
    auto [whole, fraction] = cut(option, '.');
    auto units = parse_integer<std::int64_t>(whole.empty() && fraction ? "0" : whole);
    std::string digits(fraction.value_or(""));
    bool is_number = units && *units >= 0 && *units < 1'000'000 &&
                     std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) return bad(cat("failed to parse ", option, " as a rational number"));
    if (digits.find_last_not_of('0') != std::string::npos && digits.find_last_not_of('0') >= 9)
        return bad("value is too precise");
    digits.resize(9, '0');
    return *units * 1'000'000'000 + parse_integer<std::int64_t>(digits).value_or(0);
}

Result<Json> parse_weight_device(std::string_view option) {
    auto [path, value] = TRY(split_device_value(option));
    auto weight = parse_integer<std::uint16_t>(value);
    if (!weight || (*weight > 0 && (*weight < 10 || *weight > 1000)))
        return bad(cat("invalid weight for device: ", option));
    Json out = Json::object();
    out.set("Path", path).set("Weight", *weight);
    return out;
}

Result<Json> parse_throttle_device(std::string_view option, RateUnit unit) {
    auto [path, value] = TRY(split_device_value(option));
    Json out = Json::object();
    out.set("Path", path);
    if (unit == RateUnit::operations) {
        auto rate = parse_integer<std::uint64_t>(value);
        if (!rate)
            return bad(
                cat("invalid rate for device: ", option,
                    ". The correct format is <device-path>:<number>. Number must be a positive integer"));
        out.set("Rate", *rate);
        return out;
    }
    auto rate = parse_size(value);
    if (!rate)
        return bad(
            cat("invalid rate for device: ", option,
                ". The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. "
                "Unit is optional and can be kb, mb, or gb"));
    out.set("Rate", *rate);
    return out;
}

Result<Json> parse_restart_policy(std::string_view option) {
    Json out = Json::object();
    auto [name, count] = cut(option, ':');
    if (count && name.empty()) return bad("invalid restart policy format: no policy provided before colon");
    out.set("Name", option.empty() ? "" : name);
    std::int64_t retries = 0;
    if (count) {
        auto number = parse_integer<std::int32_t>(*count);
        if (!number) return bad("invalid restart policy format: maximum retry count must be an integer");
        retries = *number;
    }
    out.set("MaximumRetryCount", retries);
    return out;
}

Result<std::string> parse_extra_host(std::string_view option) {
    auto [name, address] = cut(option, '=');
    if (!address) {
        auto parts = cut(option, ':');
        name = parts.before;
        address = parts.after;
    }
    if (!address || name.empty() || name.find(':') != std::string_view::npos)
        return bad(cat("bad format for add-host: ", quote(option)));
    std::string_view ip = *address;
    if (ip.size() > 2 && ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    if (ip != "host-gateway" && !is_ip_address(ip))
        return bad(cat("invalid IP address in add-host: ", quote(ip)));
    return cat(name, ':', ip);
}

Result<std::string> parse_dns_server(std::string_view option) {
    std::string_view address = trim(option);
    if (!is_ip_address(address)) return bad(cat("IP address is not correctly formatted: ", option));
    return std::string(address);
}

Result<std::string> parse_sysctl(std::string_view option) {
    constexpr auto kNames = std::to_array<std::string_view>(
        {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
         "kernel.shmmni", "kernel.shm_rmid_forced"});
    auto [name, value] = cut(option, '=');
    const bool is_known = std::ranges::find(kNames, name) != kNames.end() || name.starts_with("net.") ||
                          name.starts_with("fs.mqueue.");
    if (!value || !is_known) return bad(cat("sysctl '", option, "' is not allowed"));
    return std::string(option);
}

Result<std::string> parse_link(std::string_view option) {
    if (option.empty()) return bad("empty string specified for links");
    if (std::ranges::count(option, ':') > 1) return bad(cat("bad format for links: ", option));
    return std::string(option);
}

bool is_mac_address(std::string_view text) {
    if (text.size() != 17) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool is_mark = i % 3 == 2;
        if (is_mark ? text[i] != text[2] : !is_hex(text[i])) return false;
    }
    return text[2] == ':' || text[2] == '-';
}

Result<std::int64_t> parse_memory_swap(std::string_view option) {
    if (option == "-1") return -1;
    return parse_size(option);
}

}  // namespace tare::cli
