#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

Result<FilesTicket> Supervisor::prepare_files(const std::string& name_or_id) {
    FilesTicket ticket;
    ticket.container = TRY(impl_->find(name_or_id));
    if (ticket.container->state.is_running()) return ticket;
    ticket.lock = TRY(impl_->lock(*ticket.container));
    ticket.container = TRY(impl_->current(ticket.container->id));
    // It was started while we waited: a copy that takes long must not keep it from being stopped.
    if (ticket.container->state.is_running()) ticket.lock = {};
    return ticket;
}

}  // namespace tare::supervisor
