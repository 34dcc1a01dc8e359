#include <fcntl.h>

#include "posix/file.h"
#include "run/runtime/container.h"
#include "run/runtime/hooks.h"

namespace tare::runtime {

Result<> start(const std::string& root, const State& state) {
    Status status = TRY(status_of(root, state));
    if (status == Status::stopped)
        return fail(ErrorKind::failed_precondition, "cannot start a container that has stopped");
    if (status == Status::running)
        return fail(ErrorKind::failed_precondition, "cannot start an already running container");
    if (status != Status::created)
        return fail(ErrorKind::failed_precondition, "cannot start a container in the ", to_string(status),
                    " state");
    std::string fifo = start_fifo(root, state.id);
    // Init holds the reading end, so this opens at once, and fails (ENXIO) if init has ended.
    posix::Fd gate = TRY_CONTEXT(posix::open_file(fifo, O_WRONLY | O_NONBLOCK), "start");
    // Without the fifo the container counts as running; taken away first, so that no two can start it.
    TRY(posix::remove_file(fifo));
    TRY(posix::write_all(gate.get(), "0"));
    run_hooks_to_the_end("poststart", state.hooks.poststart, state_document(state, Status::running));
    return {};
}

}  // namespace tare::runtime
