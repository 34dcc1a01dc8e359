#include "run/cgroup/hierarchies.h"

#include <algorithm>

#include "posix/file.h"

namespace tare::cgroup {

namespace {

/// mountinfo escapes blanks, tabs, newlines and backslashes as \ooo (proc_pid_mountinfo(5)).
std::string unescape(std::string_view field) {
    std::string out;
    for (std::size_t i = 0; i < field.size(); ++i) {
        auto octal = field[i] == '\\' ? parse_integer<unsigned>(field.substr(i + 1, 3), 8) : std::nullopt;
        if (octal) {
            out.push_back(static_cast<char>(*octal));
            i += 3;
        } else {
            out.push_back(field[i]);
        }
    }
    return out;
}

/// Super options of a v1 mount that are not controllers.
bool is_controller(std::string_view option) {
    return option != "rw" && option != "ro" && !option.starts_with("xattr") &&
           !option.starts_with("clone_children") && !option.starts_with("release_agent") &&
           !option.starts_with("noprefix");
}

std::string own_path_of(const Hierarchy& hierarchy, std::string_view own_cgroups) {
    for (auto line : split(own_cgroups, '\n')) {
        auto [id, rest] = cut(line, ':');
        if (!rest) continue;
        auto [controllers, path] = cut(*rest, ':');
        if (!path) continue;
        bool matches = hierarchy.is_v2 ? id == "0" && controllers.empty() : false;
        for (auto controller : split(controllers, ','))
            matches = matches ||
                      std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
        if (matches) return std::string(*path);
    }
    return "/";
}

}  // namespace

Result<Hierarchies> Hierarchies::parse(std::string_view mountinfo, std::string_view own_cgroups) {
    Hierarchies found;
    for (auto line : split(mountinfo, '\n')) {
        auto separator = line.find(" - ");
        if (separator == std::string_view::npos) continue;
        auto before = split_words(line.substr(0, separator));
        auto after = split_words(line.substr(separator + 3));
        if (before.size() < 6 || after.size() < 3) continue;
        if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
        Hierarchy hierarchy{
            .mount_point = unescape(before[4]), .controllers = {}, .is_v2 = after[0] == "cgroup2"};
        if (!hierarchy.is_v2)
            for (auto option : split(after[2], ','))
                if (is_controller(option)) hierarchy.controllers.emplace_back(option);
        // A second mount of a hierarchy (a bind, a container's view) adds nothing.
        bool known = std::ranges::any_of(found.hierarchies_, [&](const Hierarchy& other) {
            return other.is_v2 == hierarchy.is_v2 && other.controllers == hierarchy.controllers;
        });
        if (known) continue;
        hierarchy.own_path = own_path_of(hierarchy, own_cgroups);
        found.hierarchies_.push_back(std::move(hierarchy));
    }
    if (found.hierarchies_.empty())
        return fail(ErrorKind::not_found, "find cgroups: no cgroup file system is mounted")
            .set_hint("mount cgroup2 on /sys/fs/cgroup");
    return found;
}

Result<Hierarchies> Hierarchies::discover() {
    constexpr std::size_t limit = std::size_t{16} << 20;
    std::string mountinfo = TRY(posix::read_file("/proc/self/mountinfo", limit));
    std::string own = TRY(posix::read_file("/proc/self/cgroup", limit));
    return parse(mountinfo, own);
}

Layout Hierarchies::layout() const {
    bool has_v1 = std::ranges::any_of(hierarchies_, [](const Hierarchy& h) { return !h.is_v2; });
    if (!has_v1) return Layout::v2;
    return v2() ? Layout::hybrid : Layout::v1;
}

const Hierarchy* Hierarchies::find_v1(std::string_view controller) const {
    for (auto& hierarchy : hierarchies_)
        if (std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end())
            return &hierarchy;
    return nullptr;
}

const Hierarchy* Hierarchies::v2() const {
    for (auto& hierarchy : hierarchies_)
        if (hierarchy.is_v2) return &hierarchy;
    return nullptr;
}

}  // namespace tare::cgroup
