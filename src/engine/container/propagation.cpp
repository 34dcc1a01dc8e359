#include "engine/container/propagation.h"

#include <algorithm>

#include "base/text.h"
#include "posix/file.h"

namespace tare::container {

namespace {

constexpr std::size_t kMountinfoLimit = 64U << 20;

bool is_shared(std::string_view propagation) {
    return propagation == "shared" || propagation == "rshared";
}

bool is_slave(std::string_view propagation) {
    return propagation == "slave" || propagation == "rslave";
}

/// As mountinfo writes a path (proc_pid_mountinfo(5)).
std::string escaped(std::string_view path) {
    std::string text;
    for (const char c : path) {
        switch (c) {
            case ' ':
                text += "\\040";
                break;
            case '\t':
                text += "\\011";
                break;
            case '\n':
                text += "\\012";
                break;
            case '\\':
                text += "\\134";
                break;
            default:
                text += c;
        }
    }
    return text;
}

bool lies_below(std::string_view path, std::string_view point) {
    if (!path.starts_with(point)) return false;
    return point == "/" || path.size() == point.size() || path[point.size()] == '/';
}

}  // namespace

Result<> check_propagation(std::string_view propagation, std::string_view source,
                           std::string_view mountinfo) {
    const std::string path = escaped(source);
    std::string_view mount_point = "/";
    bool can_share = false;
    bool can_follow = false;
    for (std::string_view line : split(mountinfo, '\n')) {
        const auto words = split_words(line);
        // Of several mounts at one place, the last lies on top.
        if (words.size() < 7 || !lies_below(path, words[4]) || words[4].size() < mount_point.size()) continue;
        mount_point = words[4];
        const auto end = std::ranges::find(words, "-");
        auto has = [&](std::string_view tag) {
            return std::any_of(words.begin() + 6, end,
                               [&](std::string_view word) { return word.starts_with(tag); });
        };
        can_share = has("shared:");
        can_follow = can_share || has("master:");
    }
    const bool wants_shared = is_shared(propagation);
    if (wants_shared ? can_share : can_follow) return {};
    return fail(ErrorKind::failed_precondition, "path ", source, " is mounted on ", mount_point,
                " but it is not a ", wants_shared ? "shared mount" : "shared or slave mount");
}

Result<> check_propagation(const std::vector<MountPoint>& mounts) {
    std::string mountinfo;
    for (const MountPoint& mount : mounts) {
        if (mount.type != "bind" || (!is_shared(mount.propagation) && !is_slave(mount.propagation))) continue;
        if (mountinfo.empty()) mountinfo = TRY(posix::read_file("/proc/self/mountinfo", kMountinfoLimit));
        TRY(check_propagation(mount.propagation, TRY(posix::real_path(mount.source)), mountinfo));
    }
    return {};
}

}  // namespace tare::container
