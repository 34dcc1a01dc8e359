// After a restart of the daemon: what the rows say and what the shims say become one again. Nothing is
// served yet, and exits that come meanwhile wait until this is done.

#include <csignal>
#include <ranges>
#include <set>

#include "base/log.h"
#include "engine/network/networks.h"
#include "engine/supervisor/exec_record.h"
#include "engine/supervisor/supervisor_impl.h"
#include "engine/volume/volumes.h"
#include "posix/file.h"
#include "posix/process.h"

namespace tare::supervisor {

using container::Status;

namespace {

/// As Docker: a container whose end nobody saw.
constexpr int kUnknownExitCode = 255;

bool is_alive(const task::State& state) {
    return state.status == task::Status::running || state.status == task::Status::paused;
}

task::Exit exit_of(const Container& container, const task::Found* found) {
    if (found && found->exit) {
        task::Exit exit = *found->exit;
        exit.pid = container.state.pid;
        return exit;
    }
    task::Exit exit{.key = {container.space, container.id}, .pid = container.state.pid, .at = now()};
    const bool is_known = found && found->state.status == task::Status::stopped;
    exit.status = is_known ? found->state.exit_status : kUnknownExitCode;
    if (is_known && found->state.exited_at != Time()) exit.at = found->state.exited_at;
    return exit;
}

}  // namespace

/// DESIGN section 5, "restart of tared".
Result<> Supervisor::recover() {
    const std::vector<task::Found> found = TRY(impl_->parts.tasks.recover());
    std::map<std::string, const task::Found*> by_id;
    for (const task::Found& task : found)
        if (task.key.name_space == impl_->parts.space) by_id.emplace(task.key.id, &task);

    impl_->recover_networks(found);

    // The oldest first: what a container links to is older, and has to be known to restart by then.
    for (const ContainerRef& container :
         std::views::reverse(impl_->parts.containers.list(impl_->parts.space))) {
        auto task = by_id.find(container->id);
        impl_->recover_container(container, task == by_id.end() ? nullptr : task->second);
        if (task != by_id.end()) by_id.erase(task);
    }
    // Tasks of containers that are gone, or never got a row.
    for (const auto& [id, task] : by_id)
        if (auto removed = impl_->discard_task(*task); !removed)
            log::failure(cat("remove the task of no container, ", id), removed.error());
    impl_->recover_volumes();
    impl_->recover_directories();
    impl_->take_early_exits();
    return {};
}

void Supervisor::Impl::take_early_exits() {
    std::lock_guard lock(mutex);
    is_recovering = false;
    for (const task::Exit& exit : early_exits)
        schedule.run([this, exit] { handle_exit(exit); });
    early_exits.clear();
}

void Supervisor::Impl::recover_container(const ContainerRef& container, const task::Found* found) {
    auto lock = this->lock(*container);
    if (!lock) return log::failure("recover a container", lock.error());
    if (found)
        for (const task::Found::Exec& exec : found->execs)
            recover_exec(*container, exec);
    const Status status = container->state.status;
    if (status == Status::removing || status == Status::dead) return auto_remove(container->id);
    if (found && is_alive(found->state)) return adopt(container, *found);
    if (container->state.is_running()) {
        log::info("container ended while the daemon was away", {{"container", container->id}});
        return end_run(container, exit_of(*container, found));
    }
    // A start that was cut off, or an exit whose consequences were.
    release_run(*container);
    if (status == Status::restarting) return restart_after(container->id, std::chrono::milliseconds(100));
    if (container->host_config.auto_remove && container->state.has_been_started_before)
        return auto_remove(container->id);
    restart_with_daemon(*container);
}

/// A container that runs: the row is made to say so, should the daemon have ended right after the start.
void Supervisor::Impl::adopt(const ContainerRef& container, const task::Found& found) {
    const bool is_paused = found.state.status == task::Status::paused;
    const Status status = is_paused ? Status::paused : Status::running;
    ContainerRef adopted = container;
    if (container->state.status != status || container->state.pid != found.state.pid) {
        const auto facts = posix::process_facts(found.state.pid);
        auto changed = change_state(container->id, [&](container::ContainerState& state) {
            if (state.pid != found.state.pid) {
                state.started_at = now();
                state.exit_code = 0;
                state.has_been_started_before = true;
            }
            state.status = status;
            state.pid = found.state.pid;
            state.pid_start_time = facts ? facts->start_time : 0;
        });
        if (!changed) return log::failure("record a container that runs", changed.error());
        adopted = *changed;
    }
    LiveRef entry = live(container->id);
    {
        std::lock_guard lock(entry->mutex);
        entry->restarts.set_count(adopted->state.restart_count);
    }
    begin_health(*adopted, true);
    log::info("container goes on", {{"container", container->id}});
}

void Supervisor::Impl::recover_exec(const Container& container, const task::Found::Exec& found) {
    auto info = parse_exec_record(found.record);
    if (!info || info->container_id != container.id) return;  // a health check's
    auto exec = std::make_shared<Exec>();
    exec->info = std::move(*info);
    const bool is_recorded = exec->info.exit_code.has_value();
    if (found.exit && !is_recorded) exec->info.exit_code = found.exit->status;
    const bool has_ended = exec->info.exit_code.has_value();
    exec->phase = has_ended ? Exec::Phase::ended : Exec::Phase::running;
    exec->info.running = !has_ended;
    {
        std::lock_guard lock(mutex);
        execs.emplace(exec->info.id, exec);
    }
    if (!has_ended) return;
    forget_exec_later(found.id);
    if (is_recorded) return;
    if (auto kept = parts.tasks.record_exec(key(container), found.id, dump(exec_record(exec->info))); !kept)
        log::failure("record the exit of an exec", kept.error(), log::Level::warning);
    if (auto removed = parts.tasks.remove_exec(key(container), found.id); !removed)
        log::failure("remove an exec that has ended", removed.error(), log::Level::debug);
}

void Supervisor::Impl::restart_with_daemon(const Container& container) {
    if (!container.state.has_been_started_before) return;
    auto policy = parse_restart_policy(container.host_config.restart_policy.name,
                                       container.host_config.restart_policy.maximum_retry_count);
    const Ending ending{.exit_code = container.state.exit_code,
                        .by_user = container.state.has_been_manually_stopped};
    if (!policy || !starts_with_daemon(*policy, ending, container.state.restart_count)) return;
    auto changed = change_state(container.id, [](container::ContainerState& state) {
        state.status = Status::restarting;
        state.has_been_manually_stopped = false;
    });
    if (!changed) return log::failure("restart a container with the daemon", changed.error());
    restart_after(container.id, std::chrono::milliseconds(0));
}

Result<> Supervisor::Impl::discard_task(const task::Found& found) {
    if (is_alive(found.state) || found.state.status == task::Status::created) {
        log::warning("a task of no container is killed", {{"id", found.key.id}});
        TRY(parts.tasks.kill(found.key, "", SIGKILL, task::Tasks::Whom::all));
        for (int i = 0; i < 100; ++i) {
            auto state = parts.tasks.state(found.key);
            if (!state || state->status == task::Status::stopped) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    return parts.tasks.remove(found.key);
}

/// First of all, so that whatever ends or starts meets networks in order.
void Supervisor::Impl::recover_networks(const std::vector<task::Found>& found) {
    std::set<std::string> alive;
    for (const task::Found& task : found)
        if (is_alive(task.state)) alive.insert(cat(task.key.name_space, "/", task.key.id));
    auto repaired =
        parts.networks.repair([&](const std::string& container) { return alive.contains(container); });
    if (!repaired) log::failure("repair the networks", repaired.error());
}

/// References of containers that never got their row.
void Supervisor::Impl::recover_volumes() {
    std::set<std::string> known;
    std::set<std::string> running;
    for (const ContainerRef& container : parts.containers.list("")) {
        known.insert(full_name(*container));
        if (container->state.is_running()) running.insert(full_name(*container));
    }
    auto repaired =
        parts.volumes.repair([&](const std::string& container) { return running.contains(container); });
    if (!repaired) log::failure("repair the volumes", repaired.error());
    for (const ContainerRef& container : parts.containers.list("")) {
        if (!container->state.is_running()) continue;
        // What is mounted stays so until its last user ends: the count is made anew.
        for (const container::MountPoint& mount : container->mount_points)
            if (mount.type == "volume")
                if (auto mounted = parts.volumes.mount(mount.name, full_name(*container)); !mounted)
                    log::failure("take up a volume", mounted.error(), log::Level::warning);
    }
    auto volumes = parts.volumes.list();
    if (!volumes) return log::failure("list the volumes", volumes.error());
    for (const volume::Volume& volume : *volumes) {
        auto users = parts.volumes.users(volume.name);
        if (!users) continue;
        for (const std::string& user : *users) {
            if (known.contains(user)) continue;
            auto released = parts.volumes.release(user);
            if (!released) log::failure("release a volume", released.error(), log::Level::warning);
            if (!volume.is_anonymous) continue;
            if (auto removed = parts.volumes.remove(volume.name); !removed)
                log::failure("remove a volume of no container", removed.error(), log::Level::debug);
        }
    }
}

/// ROOT/containers/ID of containers that are gone, or never got their row.
void Supervisor::Impl::recover_directories() {
    if (!posix::exists(parts.containers_directory)) return;
    auto names = posix::list_directory(parts.containers_directory);
    if (!names) return log::failure("list the containers' directories", names.error());
    std::set<std::string> known;
    for (const ContainerRef& container : parts.containers.list(""))
        known.insert(container->id);
    for (const std::string& name : *names) {
        if (known.contains(name)) continue;
        if (auto removed = posix::remove_tree(cat(parts.containers_directory, "/", name)); !removed)
            log::failure("remove the directory of no container", removed.error(), log::Level::warning);
    }
}

void Supervisor::on_out_of_memory(const std::string& container_id) {
    impl_->schedule.run([impl = impl_.get(), container_id] {
        if (ContainerRef container = impl->parts.containers.get(impl->row(container_id)))
            impl->publish(*container, "oom");
    });
}

}  // namespace tare::supervisor
