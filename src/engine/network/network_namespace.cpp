#include "engine/network/network_namespace.h"

#include <optional>
#include <thread>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"

namespace tare::network {

namespace {

constexpr std::uint64_t kNamespaceMagic = 0x6e736673;

/// Runs `work` on a thread that ends with it, so that the namespaces it enters are left behind.
template <class Work>
Result<OpenNamespace> on_own_thread(Work&& work) {
    std::optional<Result<OpenNamespace>> outcome;
    std::thread([&] { outcome.emplace(work()); }).join();
    return std::move(*outcome);
}

Result<OpenNamespace> open_inside(posix::Fd file) {
    RouteSocket routes = TRY(RouteSocket::open());
    return OpenNamespace{.file = std::move(file), .routes = std::move(routes)};
}

}  // namespace

Result<OpenNamespace> make_namespace(const std::string& path) {
    posix::Fd target = TRY(posix::open_file(path, O_RDONLY | O_CREAT | O_EXCL, 0444));
    auto made = on_own_thread([&]() -> Result<OpenNamespace> {
        TRY(posix::unshare_namespaces(posix::namespace_bit::network));
        // lo keeps ::1. A network without IPv6 has no link-local addresses either (DK15).
        auto disabled = posix::write_knob("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        if (!disabled && !disabled.error().is(ErrorKind::not_found)) return disabled.error();
        posix::Fd file = TRY(posix::open_file("/proc/thread-self/ns/net", O_RDONLY));
        TRY(posix::mount_by_name("/proc/thread-self/ns/net", path, "bind", 0, ""));
        OpenNamespace opened = TRY(open_inside(std::move(file)));
        TRY(opened.routes.set_up(1));  // lo is the first link of every namespace
        return opened;
    });
    if (!made) {
        (void)remove_namespace(path);  // the failure that is told is the first one
        return made.error().prepend("make a network namespace");
    }
    return made;
}

Result<OpenNamespace> open_namespace(const std::string& path) {
    posix::Fd file = TRY(posix::open_file(path, O_RDONLY));
    return on_own_thread([&]() -> Result<OpenNamespace> {
        TRY(posix::join_namespace(file.get(), posix::namespace_bit::network, path));
        return open_inside(std::move(file));
    });
}

bool is_namespace(const std::string& path) {
    auto file = posix::open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file) return false;
    auto type = posix::file_system_type(file->get());
    return type && *type == kNamespaceMagic;
}

Result<> remove_namespace(const std::string& path) {
    TRY(posix::unmount(path));
    return posix::remove_file(path);
}

}  // namespace tare::network
