#include "posix/watch.h"

#include <cerrno>

#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace tare::posix {

Result<Fd> make_event() {
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return last_error("create an eventfd");
    return event;
}

Result<> signal_event(int event) {
    std::uint64_t one = 1;
    // EAGAIN: the counter is full, so it is readable already.
    if (::write(event, &one, sizeof one) < 0 && errno != EAGAIN) return last_error("write to an eventfd");
    return {};
}

Result<std::uint64_t> drain_event(int event) {
    std::uint64_t count = 0;
    if (::read(event, &count, sizeof count) < 0 && errno != EAGAIN) return last_error("read from an eventfd");
    return count;
}

Result<Fd> watch_file(const std::string& path) {
    Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch) return last_error("create an inotify descriptor");
    if (::inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY) < 0) return last_error("watch", path);
    return watch;
}

Result<Fd> watch_directory(const std::string& path) {
    Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch) return last_error("create an inotify descriptor");
    if (::inotify_add_watch(watch.get(), path.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
        return last_error("watch", path);
    return watch;
}

Result<> drain_watch(int watch) {
    char buffer[4096];
    while (::read(watch, buffer, sizeof buffer) > 0) {
    }
    if (errno != EAGAIN) return last_error("read from an inotify descriptor");
    return {};
}

}  // namespace tare::posix
