#include "cli/docker/platform.h"

namespace tare::cli::docker {

Result<Json> parse_platform_option(std::string_view option) {
    std::vector<std::string_view> parts = split(option, '/');
    for (std::string_view part : parts)
        if (part.empty() ||
            part.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.()-") !=
                std::string_view::npos)
            return fail(ErrorKind::invalid_argument, quote(option), " is an invalid component of ",
                        quote(option), ": platform specifier component must match os[/arch[/variant]]");
    if (parts.size() > 3)
        return fail(ErrorKind::invalid_argument, quote(option), ": cannot parse platform specifier");
    Json out = Json::object();
    bool is_os = parts.size() > 1 || parts[0] == "linux" || parts[0] == "windows" || parts[0] == "freebsd";
    if (is_os) {
        out.set("os", parts[0]);
        if (parts.size() > 1) out.set("architecture", parts[1]);
        if (parts.size() > 2) out.set("variant", parts[2]);
    } else {
        out.set("os", "linux").set("architecture", parts[0]);
    }
    return out;
}

}  // namespace tare::cli::docker
