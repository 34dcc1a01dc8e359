// What follows from the end of a container's first process. The order is the promise: the state is durable,
// then the network and the shim are given back, then the world is told.

#include "base/log.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

using container::Status;

namespace {
/// Until what a container links to is looked at again, where that restarts too.
constexpr std::chrono::milliseconds kLinkPatience(100);
}  // namespace

void Supervisor::Impl::handle_exit(const task::Exit& exit) {
    if (exit.key.name_space != parts.space) return;
    if (exit.exec_id.empty())
        handle_task_exit(exit);
    else
        handle_exec_exit(exit);
}

void Supervisor::Impl::handle_task_exit(const task::Exit& exit) {
    // A start that is not finished is waited for here, so that "start" comes before "die".
    auto lock = parts.containers.lock(row(exit.key.id), Deadline::never());
    if (!lock) return log::failure("take up an exit", lock.error());
    ContainerRef container = parts.containers.get(row(exit.key.id));
    if (!container || !container->state.is_running() || container->state.pid != exit.pid) {
        log::debug("an exit of a run that is over", {{"container", exit.key.id}});
        return;
    }
    end_run(container, exit);
}

namespace {

std::optional<std::chrono::milliseconds> restart_wait(Restarts& restarts, const Container& container,
                                                      const task::Exit& exit) {
    auto policy = parse_restart_policy(container.host_config.restart_policy.name,
                                       container.host_config.restart_policy.maximum_retry_count);
    if (!policy) return std::nullopt;  // create refuses these
    const Time started = container.state.started_at.value_or(exit.at);
    return restarts.next(*policy, {.exit_code = exit.status,
                                   .by_user = container.state.has_been_manually_stopped,
                                   .ran_for = exit.at - started});
}

std::int64_t seconds_run(const Container& container, Time end) {
    if (!container.state.started_at) return 0;
    return std::chrono::duration_cast<std::chrono::seconds>(end - *container.state.started_at).count();
}

}  // namespace

void Supervisor::Impl::end_run(const ContainerRef& container, const task::Exit& exit) {
    const std::string& id = container->id;
    LiveRef entry = live(id);
    std::optional<std::chrono::milliseconds> wait;
    bool keeps = false;
    {
        std::lock_guard lock(entry->mutex);
        entry->is_ending = true;
        entry->restarts.set_count(container->state.restart_count);
        wait = restart_wait(entry->restarts, *container, exit);
        keeps = entry->keeps_on_exit;
    }
    if (keeps) wait.reset();
    end_health(*container);
    auto ended = parts.containers.update(row(id), [&](Container& it) {
        forget_network(it.network_settings);
        container::ContainerState& state = it.state;
        state.status = wait ? Status::restarting : Status::exited;
        state.pid = 0;
        state.pid_start_time = 0;
        state.exit_code = exit.status;
        state.finished_at = exit.at;
        state.oom_killed = exit.out_of_memory;
        if (wait) ++state.restart_count;
        if (state.health) state.health->status = std::string(to_string(HealthStatus::unhealthy));
    });
    // Without a record nothing is torn down or told: the next start of the daemon finds the exit file.
    if (!ended) return log::failure(cat("record the exit of ", container->short_id()), ended.error());

    end_execs(*container);
    release_run(*container);
    publish(**ended, "die",
            {{"exitCode", cat(exit.status)}, {"execDuration", cat(seconds_run(*container, exit.at))}});
    publish_network(*container, "disconnect");
    for (const container::MountPoint& mount : container->mount_points)
        if (mount.type == "volume") publish_volume(*container, mount, "unmount");
    notify_ended(id, {.status_code = exit.status});
    if (wait) return restart_after(id, *wait);
    if (container->host_config.auto_remove && !keeps) auto_remove(id);
}

void Supervisor::Impl::restart_after(const std::string& id, std::chrono::milliseconds wait) {
    LiveRef entry = live(id);
    std::lock_guard guard(entry->mutex);
    entry->restart_timer = schedule.run_after(wait, [this, id] {
        auto lock = parts.containers.lock(row(id), Deadline::never());
        ContainerRef container = parts.containers.get(row(id));
        if (!lock || !container || container->state.status != Status::restarting) return;
        if (waits_for_link(*container)) return restart_after(id, kLinkPatience);
        // Logged and recorded by start itself; the policy does not try again after a failed start.
        if (auto started = start(container, Reason::policy); !started)
            log::debug("a restart failed", {{"container", id}});
    });
}

void Supervisor::Impl::cancel_restart(const Container& container) {
    LiveRef entry = live(container.id);
    std::lock_guard guard(entry->mutex);
    schedule.cancel(entry->restart_timer);
    entry->restart_timer = 0;
}

}  // namespace tare::supervisor
