// How exits become known: the answer to an outstanding Wait, else the file in the bundle, else the end of
// the shim itself.

#include "base/log.h"
#include "engine/task/bundle.h"
#include "engine/task/launch.h"
#include "engine/task/tasks_impl.h"

namespace tare::task {

namespace {
/// What containerd reports of a process whose shim was killed: 128 + SIGKILL.
constexpr int kKilledStatus = 137;
}  // namespace

void Tasks::Impl::watch(const ShimRef& shim, const std::string& exec_id, pid_t pid, Process::Phase phase) {
    {
        std::lock_guard lock(shim->mutex);
        shim->processes[exec_id] = {.pid = pid, .phase = phase};
    }
    shimv2::WaitRequest request;
    request.id = shim->key.id;
    request.exec_id = exec_id;
    std::weak_ptr<ShimConnection> weak = shim;
    shim->client.call_async(request, [this, weak, exec_id](Result<shimv2::WaitResponse> response) {
        auto shim = weak.lock();
        if (!shim || is_closing) return;
        if (!response) return lost(shim, exec_id, response.error());
        ended(shim, exec_id,
              {.key = shim->key,
               .exec_id = exec_id,
               .status = static_cast<int>(response->exit_status),
               .at = response->exited_at.time(),
               .out_of_memory = response->out_of_memory});
    });
}

void Tasks::Impl::starting(const ShimRef& shim, const std::string& exec_id) {
    std::lock_guard lock(shim->mutex);
    shim->processes[exec_id].phase = Process::Phase::starting;
}

void Tasks::Impl::started(const ShimRef& shim, const std::string& exec_id, pid_t pid) {
    std::optional<Exit> exit;
    {
        std::lock_guard lock(shim->mutex);
        Process& process = shim->processes[exec_id];
        if (pid > 0) process.pid = pid;
        process.phase = Process::Phase::started;
        exit = std::exchange(process.exit, std::nullopt);
    }
    if (exit) ended(shim, exec_id, std::move(*exit));
}

void Tasks::Impl::not_started(const ShimRef& shim, const std::string& exec_id) {
    std::lock_guard lock(shim->mutex);
    shim->processes[exec_id].phase = Process::Phase::told;
}

void Tasks::Impl::ended(const ShimRef& shim, const std::string& exec_id, Exit exit) {
    {
        std::lock_guard lock(shim->mutex);
        auto found = shim->processes.find(exec_id);
        if (shim->is_removed || found == shim->processes.end()) return;
        Process& process = found->second;
        if (process.phase == Process::Phase::told) return;
        exit.pid = process.pid;
        if (process.phase != Process::Phase::started) {
            process.exit = std::move(exit);
            return;
        }
        process.phase = Process::Phase::told;
    }
    listener(exit);
}

void Tasks::Impl::lost(const ShimRef& shim, const std::string& exec_id, const Error& error) {
    auto exit = read_exit(shim->bundle, shim->key, exec_id);
    if (exit && *exit) return ended(shim, exec_id, std::move(**exit));
    if (!exit) log::failure("read an exit status", exit.error());
    // A shim that answers (that it knows no such process, say) is alive: nothing to clean up.
    if (!error.is(ErrorKind::unavailable)) return;
    std::lock_guard lock(shim->mutex);
    if (shim->is_removed || shim->is_lost) return;
    shim->is_lost = true;
    clean_up_later(shim);
}

void Tasks::Impl::clean_up_later(const ShimRef& shim) {
    std::lock_guard lock(lost_mutex);
    lost_shims.push_back(shim);
    if (!cleaner.joinable()) cleaner = std::thread([this] { clean_up_lost(); });
    lost_changed.notify_one();
}

void Tasks::Impl::clean_up_lost() {
    std::unique_lock lock(lost_mutex);
    while (!is_closing) {
        if (lost_shims.empty()) {
            lost_changed.wait(lock);
            continue;
        }
        ShimRef shim = std::move(lost_shims.front());
        lost_shims.pop_front();
        lock.unlock();
        clean_up(shim);
        lock.lock();
    }
}

void Tasks::Impl::clean_up(const ShimRef& shim) {
    log::warning("a shim is gone; its container is stopped",
                 {{"namespace", shim->key.name_space}, {"container", shim->key.id}});
    auto cleaned = clean_up_after_shim(options, shim->key, shim->bundle);
    if (!cleaned) log::failure("clean up after a shim", cleaned.error());
    std::vector<std::string> left;
    {
        std::lock_guard lock(shim->mutex);
        for (auto& [exec_id, process] : shim->processes)
            if (process.phase != Process::Phase::told) left.push_back(exec_id);
    }
    // Execs before the container's own process, as they end in life.
    for (auto exec = left.rbegin(); exec != left.rend(); ++exec)
        ended(shim, *exec, {.key = shim->key, .exec_id = *exec, .status = kKilledStatus, .at = now()});
}

Tasks::Impl::~Impl() {
    is_closing = true;
    {
        std::lock_guard lock(lost_mutex);
        lost_changed.notify_all();
    }
    if (cleaner.joinable()) cleaner.join();
    // The epoll thread ends before the tables that its callbacks use.
    {
        std::lock_guard lock(mutex);
        shims.clear();
    }
    client.reset();
}

}  // namespace tare::task
