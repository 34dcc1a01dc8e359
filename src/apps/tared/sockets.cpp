#include "apps/tared/sockets.h"

#include <fcntl.h>

#include "posix/file.h"
#include "posix/mount.h"
#include "posix/socket.h"
#include "posix/systemd.h"

namespace tare::tared {

namespace {

constexpr std::size_t kGroupFileLimitBytes = std::size_t{1} << 20;

/// 0600 first: the group is let in only when the file is its own.
Result<posix::Fd> listen_for_group(const std::string& path, std::optional<gid_t> group) {
    posix::Fd socket = TRY(posix::listen_unix(path, 0600));
    if (!group) return socket;
    posix::Fd file = TRY(posix::open_file(path, O_PATH | O_NOFOLLOW));
    TRY(posix::change_owner(file.get(), 0, *group));
    TRY(posix::change_mode(file.get(), 0660));
    return socket;
}

}  // namespace

std::optional<gid_t> group_number(std::string_view group_file, std::string_view name) {
    for (std::string_view line : split(group_file, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() > 2 && fields[0] == name) return parse_integer<gid_t>(fields[2]);
    }
    return std::nullopt;
}

Result<std::vector<posix::Fd>> listening_sockets(const Config& config) {
    const std::string groups = posix::read_file("/etc/group", kGroupFileLimitBytes).value_or("");
    const auto group = config.group.empty() ? std::nullopt : group_number(groups, config.group);
    std::vector<posix::Fd> sockets;
    bool has_docker = false;
    for (auto& [name, socket] : posix::take_activation_sockets()) {
        has_docker = true;
        sockets.push_back(std::move(socket));
    }
    // Activated at our own path, the file is systemd's and must not be replaced.
    const std::string own = config.state + "/docker.sock";
    if (!has_docker || !posix::exists(own)) sockets.push_back(TRY(listen_for_group(own, group)));
    for (const std::string& path : config.hosts)
        sockets.push_back(TRY(listen_for_group(path, group)));
    return sockets;
}

}  // namespace tare::tared
