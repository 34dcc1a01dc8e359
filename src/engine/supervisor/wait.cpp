#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

namespace {

bool is_up(const Container& container) {
    return container.state.is_running() || container.state.status == container::Status::restarting;
}

WaitResult result_of(const Container& container) {
    return {.status_code = container.state.exit_code, .error = container.state.error};
}

}  // namespace

Result<Waiting> Supervisor::wait(const std::string& name_or_id, WaitCondition condition,
                                 WaitCallback callback) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    return impl_->add_waiter(container->id, condition, std::move(callback));
}

Waiting Supervisor::Impl::add_waiter(const std::string& id, WaitCondition condition, WaitCallback callback) {
    LiveRef entry = live(id);
    auto waiter = std::make_shared<Waiter>(Waiter{.condition = condition, .callback = std::move(callback)});
    std::optional<WaitResult> now;
    {
        // The row is changed before waiters are called, which takes this mutex: whoever is added while
        // the row still says "running" is called.
        std::lock_guard lock(entry->mutex);
        ContainerRef container = parts.containers.get(row(id));
        if (!container)
            now = WaitResult{.error = "No such container: " + id};
        else if (condition == WaitCondition::not_running && !is_up(*container) && !entry->is_ending)
            now = result_of(*container);
        else
            entry->waiters.push_back(waiter);
    }
    if (now) {
        waiter->callback(*now);
        return {};
    }
    // Letting go of the handle takes the waiter off the list.
    return Waiting(std::shared_ptr<void>(static_cast<void*>(waiter.get()), [entry, waiter](void*) {
        std::lock_guard lock(entry->mutex);
        entry->waiters.remove(waiter);
    }));
}

namespace {
void call(const std::list<std::shared_ptr<Waiter>>& waiters, const WaitResult& result) {
    for (const auto& waiter : waiters)
        waiter->callback(result);
}
}  // namespace

void Supervisor::Impl::notify_ended(const std::string& id, const WaitResult& result, HasRun has_run) {
    LiveRef entry = live(id);
    std::list<std::shared_ptr<Waiter>> due;
    {
        std::lock_guard lock(entry->mutex);
        entry->is_ending = false;
        ContainerRef container = parts.containers.get(row(id));
        const bool stays_up = container && is_up(*container);
        for (auto waiter = entry->waiters.begin(); waiter != entry->waiters.end();) {
            auto next = std::next(waiter);
            const WaitCondition condition = (*waiter)->condition;
            if ((condition == WaitCondition::next_exit && has_run == HasRun::yes) ||
                (condition == WaitCondition::not_running && !stays_up))
                due.splice(due.end(), entry->waiters, waiter);
            waiter = next;
        }
    }
    call(due, result);
}

void Supervisor::Impl::notify_removed(const std::string& id, const WaitResult& result) {
    LiveRef entry = live(id);
    std::list<std::shared_ptr<Waiter>> due;
    {
        std::lock_guard lock(entry->mutex);
        due.swap(entry->waiters);
        entry->pending.clear();
    }
    {
        std::lock_guard lock(mutex);
        lives.erase(id);
    }
    call(due, result);
}

bool Supervisor::Impl::wait_until_ended(const std::string& id, Deadline deadline) {
    // Guarded by the mutex of the tables, with which a shutdown wakes this up, too.
    auto has_ended = std::make_shared<bool>(false);
    Waiting waiting = add_waiter(id, WaitCondition::not_running, [this, has_ended](const WaitResult&) {
        std::lock_guard lock(mutex);
        *has_ended = true;
        changed.notify_all();
    });
    std::unique_lock lock(mutex);
    auto is_over = [&] { return *has_ended || is_shutting_down; };
    if (deadline.is_never())
        changed.wait(lock, is_over);
    else
        changed.wait_until(lock, deadline.time_point(), is_over);
    return *has_ended;
}

}  // namespace tare::supervisor
