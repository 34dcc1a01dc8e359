#include <csignal>

#include "engine/supervisor/supervisor_impl.h"
#include "posix/process.h"

namespace tare::supervisor {

using namespace std::chrono_literals;
using container::Status;

namespace {
constexpr auto kKillPatience = 60s;
}

Result<> Supervisor::kill(const std::string& name_or_id, const std::string& signal) {
    ContainerRef container = TRY_CONTEXT(impl_->find(name_or_id), cat("cannot kill container: ", name_or_id));
    auto number = posix::parse_signal(signal.empty() ? "SIGKILL" : signal);
    if (!number) return fail(ErrorKind::invalid_argument, "Invalid signal: ", signal);
    return impl_->kill(container, *number);
}

Result<> Supervisor::Impl::kill(const ContainerRef& found, int signal) {
    const std::string id = found->id;
    {
        LifeCycleLock lock = TRY(this->lock(*found));
        ContainerRef container = TRY(current(id));
        if (!container->state.is_running())
            return fail(ErrorKind::failed_precondition, "cannot kill container: ", container->name,
                        ": container ", id, " is not running");
        // Other signals (SIGHUP, say) are messages to the program and no wish to see it end.
        if (signal == SIGKILL || signal == stop_signal(*container))
            container = TRY(change_state(
                id, [](container::ContainerState& state) { state.has_been_manually_stopped = true; }));
        TRY(send_signal(*container, signal));
    }
    if (signal == SIGKILL && !wait_until_ended(id, Deadline::after(kKillPatience)))
        return fail(ErrorKind::deadline_exceeded, "cannot kill container: ", id,
                    ": it did not end after SIGKILL");
    return {};
}

}  // namespace tare::supervisor
