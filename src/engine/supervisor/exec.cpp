// Execs: processes that join a running container.

#include "base/log.h"
#include "engine/container/rootfs.h"
#include "engine/container/spec.h"
#include "engine/supervisor/exec_record.h"
#include "engine/supervisor/start_failure.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

namespace {

using namespace std::chrono_literals;

/// For a change of phase that another thread is about to make.
constexpr auto kExecPatience = 5s;

std::string command_line(const ExecConfig& config) {
    return join(config.command, " ");
}

}  // namespace

Result<ExecRef> Supervisor::Impl::find_exec(const std::string& exec_id) {
    std::lock_guard lock(mutex);
    auto found = execs.find(exec_id);
    if (found == execs.end()) return fail(ErrorKind::not_found, "No such exec instance: ", exec_id);
    return found->second;
}

Result<std::string> Supervisor::exec_create(const std::string& name_or_id, const ExecConfig& config) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    if (container->state.status == container::Status::restarting)
        return fail(ErrorKind::failed_precondition, "Container ", container->id,
                    " is restarting, wait until the container is running");
    TRY(check_runs(*container));
    if (config.command.empty()) return fail(ErrorKind::invalid_argument, "No exec command specified");
    auto exec = std::make_shared<Exec>();
    const std::string id = TRY(container::generate_id());
    exec->info = {.id = id, .container_id = container->id, .config = config};
    {
        std::lock_guard lock(impl_->mutex);
        impl_->execs.emplace(id, exec);
    }
    impl_->forget_exec_later(id);
    impl_->publish(*container, "exec_create: " + command_line(config), {{"execID", id}});
    return id;
}

Result<> Supervisor::exec_start(const std::string& exec_id, const task::StreamsRequest& request,
                                posix::Fd* client,
                                std::optional<std::pair<std::uint16_t, std::uint16_t>> console_size) {
    ExecRef exec = TRY(impl_->find_exec(exec_id));
    ContainerRef container = impl_->parts.containers.get(impl_->row(exec->info.container_id));
    if (!container) return fail(ErrorKind::not_found, "No such exec instance: ", exec_id);
    TRY(check_runs(*container));
    {
        std::lock_guard lock(exec->mutex);
        if (exec->phase == Exec::Phase::ended)
            return fail(ErrorKind::failed_precondition, "exec command ", exec_id, " has already run");
        if (exec->phase != Exec::Phase::created)
            return fail(ErrorKind::failed_precondition, "exec command ", exec_id, " is already running");
        exec->phase = Exec::Phase::starting;
        if (console_size) exec->info.config.console_size = console_size;
    }
    impl_->publish(*container, "exec_start: " + command_line(exec->info.config), {{"execID", exec_id}});
    task::StreamsRequest streams = request;
    if (exec->info.config.terminal) streams.framing = task::StreamsRequest::Framing::raw;
    return impl_->start_exec(*container, exec, streams, client);
}

Result<> Supervisor::Impl::start_exec(const Container& container, const ExecRef& exec,
                                      const task::StreamsRequest& request, posix::Fd* client) {
    const std::string id = exec->info.id;
    const ExecConfig& config = exec->info.config;
    // Held until the start has succeeded: who fails has to be told on this connection, which the shim
    // would have closed by then.
    posix::Fd spare;
    // An unknown user, say, is no failure of the runtime.
    FailedBy failed_by = FailedBy::engine;
    auto run = [&]() -> Result<pid_t> {
        posix::Fd root = TRY(container::open_running_root(container.state));
        // A link whose other end has stopped is no reason not to look into this container.
        const auto links = linked(container).value_or(std::vector<Linked>());
        oci::Process process =
            TRY(container::build_exec_process(container,
                                              {.command = config.command,
                                               .env = config.environment,
                                               .extra_env = link_environment(container, links),
                                               .user = config.user,
                                               .working_directory = config.working_directory,
                                               .tty = config.terminal,
                                               .privileged = config.privileged,
                                               .console_size = config.console_size},
                                              root.get(), parts.host));
        failed_by = FailedBy::runtime;
        TRY(parts.tasks.exec(key(container), id,
                             {.process = std::move(process),
                              .open_stdin = client != nullptr && request.wants_stdin,
                              .record = exec->on_end ? "" : dump(exec_record(exec->info))}));
        if (client) {
            spare = TRY(posix::duplicate(client->get()));
            TRY(parts.tasks.attach(key(container), id, request, *client));
        }
        return parts.tasks.start_exec(key(container), id);
    };
    auto pid = run();
    std::lock_guard lock(exec->mutex);
    if (!pid) {
        StartFailure failure = explain_exec_failure(pid.error(), failed_by);
        exec->phase = Exec::Phase::ended;
        exec->info.exit_code = failure.exit_code;
        exec->phase_changed.notify_all();
        // Of one that the shim never heard of there is nothing to remove.
        if (auto removed = parts.tasks.remove_exec(key(container), id); !removed)
            log::failure("remove a failed exec", removed.error(), log::Level::debug);
        if (auto forgotten = parts.tasks.forget_exec(key(container), id); !forgotten)
            log::failure("forget a failed exec", forgotten.error(), log::Level::debug);
        forget_exec_later(id);
        if (spare && !*client) *client = std::move(spare);
        return std::move(failure.error);
    }
    // A short one may have ended already.
    if (exec->phase == Exec::Phase::starting) exec->phase = Exec::Phase::running;
    exec->info.running = exec->phase == Exec::Phase::running;
    if (exec->info.running) exec->info.pid = *pid;
    exec->phase_changed.notify_all();
    return {};
}

// A client asks for the exit code when the shim has closed its connection. That may be before the exit has
// come here, and even before start_exec() has returned; so the shim is asked.
Result<ExecInfo> Supervisor::exec_inspect(const std::string& exec_id) {
    ExecRef exec = TRY(impl_->find_exec(exec_id));
    std::unique_lock lock(exec->mutex);
    const Exec::Phase phase = exec->phase;
    if (phase != Exec::Phase::starting && phase != Exec::Phase::running) return exec->info;
    const task::Key key{impl_->parts.space, exec->info.container_id};
    lock.unlock();
    auto state = impl_->parts.tasks.state(key, exec_id);
    lock.lock();
    // Not there yet, or not any more: what comes next is under way in another thread of ours.
    if (!state) exec->phase_changed.wait_for(lock, kExecPatience, [&] { return exec->phase != phase; });
    ExecInfo info = exec->info;
    if (exec->phase == Exec::Phase::ended || !state) return info;
    info.running = state->status != task::Status::stopped;
    if (info.running) return info;
    info.pid = 0;
    info.exit_code = state->exit_status;
    return info;
}

Result<> Supervisor::exec_resize(const std::string& exec_id, std::uint16_t width, std::uint16_t height) {
    ExecRef exec = TRY(impl_->find_exec(exec_id));
    std::string container_id;
    {
        std::lock_guard lock(exec->mutex);
        container_id = exec->info.container_id;
        if (exec->phase != Exec::Phase::running)
            return fail(ErrorKind::failed_precondition, "exec command ", exec_id, " is not running");
    }
    return impl_->parts.tasks.resize({impl_->parts.space, container_id}, exec_id, width, height);
}

std::vector<std::string> Supervisor::exec_ids(const std::string& container_id) {
    std::lock_guard lock(impl_->mutex);
    std::vector<std::string> ids;
    for (const auto& [id, exec] : impl_->execs)
        if (exec->info.container_id == container_id && !exec->on_end) ids.push_back(id);
    return ids;
}

}  // namespace tare::supervisor
