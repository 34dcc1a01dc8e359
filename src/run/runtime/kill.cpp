#include <signal.h>

#include "posix/process.h"
#include "run/runtime/container.h"

namespace tare::runtime {

namespace {

bool has_own(const State& state, oci::NamespaceKind wanted) {
    for (auto kind : state.namespaces)
        if (kind == wanted) return true;
    return false;
}

}  // namespace

Result<> kill(const std::string& root, const State& state, int signal, Whom whom) {
    auto group = cgroup::Cgroup::open(state.cgroup_paths);
    Status status = TRY(status_of(root, state));
    if (status == Status::stopped && whom == Whom::init)
        return fail(ErrorKind::failed_precondition, "container not running");
    if (whom == Whom::all) return signal == SIGKILL ? group.kill() : group.signal(signal);
    // Without a pid namespace of its own the rest would outlive init.
    if (signal == SIGKILL && !has_own(state, oci::NamespaceKind::pid)) return group.kill();
    posix::Fd pidfd = TRY(posix::open_pidfd(state.pid));
    if (!is_alive(state)) return fail(ErrorKind::failed_precondition, "container not running");
    TRY(posix::send_signal(pidfd.get(), signal));
    // A frozen v1 process dies only once it is thawed.
    if (signal == SIGKILL && status == Status::paused)
        return group.thaw(Deadline::after(std::chrono::seconds(2)));
    return {};
}

}  // namespace tare::runtime
