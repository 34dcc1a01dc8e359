#include "base/log.h"
#include "engine/supervisor/exec_record.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

using namespace std::chrono_literals;

namespace {
/// How long the exit code of an exec can be asked for, as in Docker.
constexpr auto kMemory = 5min;
constexpr int kKilledCode = 137;
}  // namespace

void Supervisor::Impl::handle_exec_exit(const task::Exit& exit) {
    auto exec = find_exec(exit.exec_id);
    if (!exec) return;
    // Kept by us before the shim forgets it.
    if (!(*exec)->on_end) {
        ExecInfo info;
        {
            std::lock_guard lock((*exec)->mutex);
            info = (*exec)->info;
        }
        info.exit_code = exit.status;
        if (auto kept = parts.tasks.record_exec(exit.key, info.id, dump(exec_record(info))); !kept)
            log::failure("record the exit of an exec", kept.error(), log::Level::warning);
    }
    if (auto removed = parts.tasks.remove_exec(exit.key, exit.exec_id); !removed)
        log::failure("remove an exec that has ended", removed.error(), log::Level::debug);
    end_exec(*exec, exit.status);
}

void Supervisor::Impl::end_exec(const ExecRef& exec, int exit_code) {
    ExecInfo info;
    {
        std::lock_guard lock(exec->mutex);
        if (exec->phase == Exec::Phase::ended || exec->phase == Exec::Phase::created) return;
        exec->phase = Exec::Phase::ended;
        exec->info.running = false;
        exec->info.pid = 0;
        exec->info.exit_code = exit_code;
        exec->phase_changed.notify_all();
        info = exec->info;
    }
    forget_exec_later(info.id);
    if (exec->on_end) exec->on_end(exit_code);
    if (ContainerRef container = parts.containers.get(row(info.container_id)))
        publish(*container, "exec_die", {{"execID", info.id}, {"exitCode", cat(exit_code)}});
}

void Supervisor::Impl::end_execs(const Container& container) {
    std::vector<ExecRef> of_container;
    {
        std::lock_guard lock(mutex);
        for (const auto& [id, exec] : execs)
            if (exec->info.container_id == container.id) of_container.push_back(exec);
    }
    for (const ExecRef& exec : of_container)
        end_exec(exec, kKilledCode);
}

void Supervisor::Impl::forget_exec_later(const std::string& exec_id) {
    schedule.run_after(kMemory, [this, exec_id] { forget_exec(exec_id); });
}

void Supervisor::Impl::forget_execs(const Container& container) {
    std::lock_guard lock(mutex);
    std::erase_if(execs, [&](const auto& entry) { return entry.second->info.container_id == container.id; });
}

void Supervisor::Impl::forget_exec(const std::string& exec_id) {
    std::string container_id;
    {
        std::lock_guard lock(mutex);
        auto found = execs.find(exec_id);
        if (found == execs.end()) return;
        {
            // One that was never started is forgotten, one that runs is not.
            std::lock_guard guard(found->second->mutex);
            const Exec::Phase phase = found->second->phase;
            if (phase == Exec::Phase::starting || phase == Exec::Phase::running) return;
        }
        container_id = found->second->info.container_id;
        execs.erase(found);
    }
    if (auto forgotten = parts.tasks.forget_exec({parts.space, container_id}, exec_id); !forgotten)
        log::failure("forget an exec", forgotten.error(), log::Level::debug);
}

}  // namespace tare::supervisor
