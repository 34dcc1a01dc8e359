#include "engine/network/network_namespace.h"

#include <optional>
#include <thread>

#include <fcntl.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/namespace.h"
#include "posix/path.h"

namespace tare::network {

namespace {

constexpr std::uint64_t kNamespaceMagic = 0x6e736673;
constexpr std::size_t kReadyNamespaces = 2;
constexpr auto kFillDelay = std::chrono::milliseconds(50);

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

Result<OpenNamespace> make_namespace() {
    auto made = on_own_thread([&]() -> Result<OpenNamespace> {
        TRY(posix::unshare_namespaces(posix::namespace_bit::network));
        // lo keeps ::1. A network without IPv6 has no link-local addresses either (DK15).
        auto disabled = posix::write_knob("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        if (!disabled && !disabled.error().is(ErrorKind::not_found)) return disabled.error();
        OpenNamespace opened = TRY(open_inside(TRY(posix::open_file("/proc/thread-self/ns/net", O_RDONLY))));
        TRY(opened.routes.set_up(1));  // lo is the first link of every namespace
        return opened;
    });
    if (!made) return made.error().prepend("make a network namespace");
    return made;
}

Result<> pin_namespace(const OpenNamespace& made, const std::string& path) {
    TRY(posix::open_file(path, O_RDONLY | O_CREAT | O_EXCL, 0444));
    auto pinned = posix::mount_by_name(posix::descriptor_path(made.file.get()), path, "bind", 0, "");
    if (pinned) return {};
    (void)remove_namespace(path);  // the failure that is told is the first one
    return pinned.error().prepend("keep a network namespace");
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

NamespacePool::~NamespacePool() {
    filler_.request_stop();
    changed_.notify_all();
}

Result<OpenNamespace> NamespacePool::take() {
    std::optional<OpenNamespace> taken;
    {
        std::scoped_lock lock(mutex_);
        if (!ready_.empty()) {
            taken.emplace(std::move(ready_.back()));
            ready_.pop_back();
        }
        fill_at_ = std::chrono::steady_clock::now() + kFillDelay;
        if (!filler_.joinable()) filler_ = std::jthread([this](const std::stop_token& stop) { fill(stop); });
    }
    changed_.notify_all();
    if (taken) return std::move(*taken);
    return make_namespace();
}

void NamespacePool::fill(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        changed_.wait(lock, stop, [&] { return ready_.size() < kReadyNamespaces; });
        // Not before whoever took one has started its container.
        while (!stop.stop_requested() && std::chrono::steady_clock::now() < fill_at_) {
            auto until = fill_at_;
            changed_.wait_until(lock, stop, until, [&] { return fill_at_ != until; });
        }
        if (stop.stop_requested()) return;
        lock.unlock();
        auto made = make_namespace();
        lock.lock();
        if (!made) {
            log::failure("no network namespace is made ahead", made.error(), log::Level::warning);
            return;
        }
        ready_.push_back(std::move(*made));
    }
}

}  // namespace tare::network
