#include "engine/supervisor/process_table.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

Result<ProcessTable> Supervisor::top(const std::string& name_or_id, const std::string& ps_args) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    if (container->state.status == container::Status::restarting)
        return fail(ErrorKind::failed_precondition, "Container ", container->id,
                    " is restarting, wait until the container is running");
    if (!container->state.is_running())
        return fail(ErrorKind::failed_precondition, "container ", container->id, " is not running");
    const std::vector<pid_t> pids = TRY(impl_->parts.tasks.pids(impl_->key(*container)));
    ProcessTable table = TRY(process_table(pids, ps_args));
    impl_->publish(*container, "top");
    return table;
}

}  // namespace tare::supervisor
