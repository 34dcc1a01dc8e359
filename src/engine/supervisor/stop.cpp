#include <csignal>

#include "base/log.h"
#include "engine/supervisor/supervisor_impl.h"
#include "posix/process.h"

namespace tare::supervisor {

using namespace std::chrono_literals;
using container::Status;

namespace {

constexpr auto kDefaultTimeout = 10s;
/// How long a killed container may take to end: the kernel may have to finish writing first.
constexpr auto kKillPatience = 60s;

Deadline deadline_of(const Container& container, const StopOptions& options) {
    auto timeout = options.timeout.value_or(std::chrono::seconds(
        container.config.stop_timeout_seconds.value_or(static_cast<int>(kDefaultTimeout.count()))));
    return timeout < 0s ? Deadline::never() : Deadline::after(timeout);
}

}  // namespace

Result<Change> Supervisor::stop(const std::string& name_or_id, const StopOptions& options) {
    return impl_->stop(TRY(impl_->find(name_or_id)), options);
}

Result<Change> Supervisor::Impl::stop(const ContainerRef& found, const StopOptions& options) {
    int signal = stop_signal(*found);
    if (!options.signal.empty()) {
        auto asked = posix::parse_signal(options.signal);
        if (!asked) return fail(ErrorKind::invalid_argument, "Invalid signal: ", options.signal);
        signal = *asked;
    }
    const std::string id = found->id;
    ContainerRef container;
    {
        LifeCycleLock lock = TRY(this->lock(*found));
        container = TRY(current(id));
        if (container->state.status == Status::restarting) {
            cancel_restart(*container);
            container = TRY(change_state(id, [](container::ContainerState& state) {
                state.status = Status::exited;
                state.has_been_manually_stopped = true;
            }));
            notify_ended(id, {.status_code = container->state.exit_code});
            return Change::made;
        }
        if (!container->state.is_running()) return Change::none;
        // Durable before the signal: a daemon that is killed in between must not start it again.
        container = TRY(change_state(
            id, [](container::ContainerState& state) { state.has_been_manually_stopped = true; }));
        TRY(send_signal(*container, signal));
    }
    // The exit takes the lock, so it is waited for without it.
    if (!wait_until_ended(id, deadline_of(*container, options))) {
        TRY(check_serving());
        log::info("container did not stop in time; it is killed", {{"container", id}});
        TRY(send_signal(*container, SIGKILL));
        if (!wait_until_ended(id, Deadline::after(kKillPatience))) {
            TRY(check_serving());
            return fail(ErrorKind::deadline_exceeded, "cannot stop container: ", id,
                        ": it did not end after SIGKILL");
        }
    }
    publish(*container, "stop");
    return Change::made;
}

Result<> Supervisor::Impl::check_serving() {
    std::lock_guard lock(mutex);
    if (is_shutting_down) return fail(ErrorKind::unavailable, "the daemon is ending");
    return {};
}

int Supervisor::Impl::stop_signal(const Container& container) const {
    return posix::parse_signal(container.config.stop_signal).value_or(SIGTERM);
}

Result<> Supervisor::Impl::send_signal(const Container& container, int signal) {
    auto sent = parts.tasks.kill(key(container), "", signal);
    if (sent) {
        // A frozen process takes a signal only once it runs again.
        if (container.state.status == Status::paused) TRY(parts.tasks.resume(key(container)));
        publish(container, "kill", {{"signal", cat(signal)}});
        return {};
    }
    // It has ended by itself: what was wanted, and its exit is on the way.
    const bool has_ended = sent.error().is(ErrorKind::not_found) ||
                           sent.error().is(ErrorKind::failed_precondition) ||
                           sent.error().is(ErrorKind::unavailable);
    if (!has_ended) return std::move(sent.error().prepend(cat("Cannot kill container: ", container.id)));
    return {};
}

}  // namespace tare::supervisor
