#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

using container::Status;

Result<AttachTicket> Supervisor::prepare_attach(const std::string& name_or_id) {
    AttachTicket ticket;
    ticket.container = TRY(impl_->find(name_or_id));
    ticket.lock = TRY(impl_->lock(*ticket.container));
    ticket.container = TRY(impl_->current(ticket.container->id));
    const Container& container = *ticket.container;
    if (container.state.status == Status::paused)
        return fail(ErrorKind::failed_precondition, "container ", container.id,
                    " is paused, unpause the container before attach");
    if (container.state.status == Status::restarting)
        return fail(ErrorKind::failed_precondition, "container ", container.id,
                    " is restarting, wait until the container is running");
    if (container.state.status == Status::removing || container.state.status == Status::dead)
        return fail(ErrorKind::failed_precondition, "container is marked for removal");
    return ticket;
}

Result<> Supervisor::attach(const std::string& name_or_id, const task::StreamsRequest& request,
                            posix::Fd& client) {
    return attach(TRY(prepare_attach(name_or_id)), request, client);
}

Result<> Supervisor::attach(AttachTicket ticket, const task::StreamsRequest& request, posix::Fd& client) {
    const Container& container = *ticket.container;
    task::StreamsRequest streams = request;
    // A terminal has one stream; Docker's clients know that and expect it raw.
    if (container.config.tty) streams.framing = task::StreamsRequest::Framing::raw;
    streams.wants_stdin = streams.wants_stdin && container.config.open_stdin;
    streams.closes_stdin = container.config.stdin_once;
    if (container.state.status == Status::running) {
        TRY(impl_->parts.tasks.attach(impl_->key(container), "", streams, client));
    } else {
        LiveRef entry = impl_->live(container.id);
        std::lock_guard guard(entry->mutex);
        entry->pending.push_back({.request = std::move(streams), .client = std::move(client)});
    }
    impl_->publish(container, "attach");
    return {};
}

Result<> Supervisor::resize(const std::string& name_or_id, std::uint16_t width, std::uint16_t height) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    if (!container->state.is_running())
        return fail(ErrorKind::failed_precondition, "Container ", container->id, " is not running");
    TRY(impl_->parts.tasks.resize(impl_->key(*container), "", width, height));
    impl_->publish(*container, "resize", {{"height", cat(height)}, {"width", cat(width)}});
    return {};
}

}  // namespace tare::supervisor
