#include "posix/systemd.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tare::posix {

namespace {
constexpr int kFirstSocket = 3;
constexpr int kMostSockets = 64;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}
}  // namespace

std::vector<std::pair<std::string, Fd>> take_activation_sockets() {
    std::vector<std::pair<std::string, Fd>> sockets;
    const auto pid = parse_integer<pid_t>(environment("LISTEN_PID"));
    const auto count = parse_integer<int>(environment("LISTEN_FDS"));
    const std::string names = environment("LISTEN_FDNAMES");
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        ::unsetenv(name);
    if (!pid || *pid != ::getpid() || !count || *count < 1 || *count > kMostSockets) return sockets;
    const auto each_name = split(names, ':');
    for (int i = 0; i < *count; ++i) {
        const auto index = static_cast<std::size_t>(i);
        Fd fd(kFirstSocket + i);
        // One that cannot be kept from programs we start is not used at all.
        if (!set_close_on_exec(fd.get(), true)) continue;
        sockets.emplace_back(index < each_name.size() ? each_name[index] : "unknown", std::move(fd));
    }
    return sockets;
}

Result<> notify_service_manager(std::string_view state) {
    const std::string path = environment("NOTIFY_SOCKET");
    if (path.empty()) return {};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path || (path.front() != '/' && path.front() != '@'))
        return fail(ErrorKind::invalid_argument, "NOTIFY_SOCKET ", quote(path), " is no address");
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return last_error("create a socket");
    if (::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), length) < 0)
        return last_error("notify", path);
    return {};
}

}  // namespace tare::posix
