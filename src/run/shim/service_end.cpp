#include <chrono>

#include <signal.h>

#include "base/log.h"
#include "run/shim/service.h"

namespace tare::shim {

namespace {

using namespace std::chrono_literals;

shimv2::WaitResponse wait_response_of(const shimv2::ExitRecord& exit) {
    return {.exit_status = exit.exit_status,
            .exited_at = shimv2::Timestamp::of(exit.exited_at),
            .out_of_memory = exit.out_of_memory};
}

Error is_finished() {
    return {ErrorKind::not_found, "process already finished"};
}

}  // namespace

void Service::reap() {
    while (auto child = posix::reap_child()) {
        for (auto& [id, container] : containers_) {
            if (container->init.pid == child->pid) on_exit(*container, container->init, child->status);
            for (auto& [exec_id, process] : container->execs)
                if (process->pid == child->pid) on_exit(*container, *process, child->status);
        }
    }
}

void Service::on_exit(Container& container, Process& process, posix::ExitStatus status) {
    if (process.phase == Process::Phase::stopped) return;
    // The kernel counts a kill before the process has ended.
    on_out_of_memory(container);
    process.phase = Process::Phase::stopped;
    process.exit = shimv2::ExitRecord{.exec_id = process.exec_id,
                                      .pid = process.pid,
                                      .exit_status = static_cast<std::uint32_t>(status.shell_code()),
                                      .exited_at = now(),
                                      .out_of_memory = container.was_out_of_memory};
    // On disk before anybody hears of it: whoever missed the news finds it there.
    if (auto written = shimv2::write_exit_record(container.bundle, *process.exit); !written)
        log::failure("exit record", written.error());
    // Without a pid namespace of its own, what init has left behind would live on.
    if (process.exec_id.empty() && !container.has_own_pids)
        if (auto killed = container.group.kill(); !killed)
            log::failure("end the rest of the container", killed.error());
    process.streams->process_ended([this, id = container.id, exec_id = process.exec_id] {
        auto found = find(id);
        if (!found) return;
        if (auto ended = find_process(**found, exec_id)) announce(**found, **ended);
    });
}

void Service::announce(Container& container, Process& process) {
    process.is_announced = true;
    publisher_.publish(shimv2::TaskExit{.container_id = container.id,
                                        .id = process.exec_id.empty() ? container.id : process.exec_id,
                                        .pid = static_cast<std::uint32_t>(process.pid),
                                        .exit_status = process.exit->exit_status,
                                        .exited_at = shimv2::Timestamp::of(process.exit->exited_at)});
    std::string answer = encode(wait_response_of(*process.exit));
    for (auto& waiter : std::exchange(process.waiters, {}))
        waiter.answer(answer);
}

void Service::wait(const shimv2::WaitRequest& request, const ttrpc::Responder& responder) {
    auto container = find(request.id);
    if (!container) return responder.answer(container.error());
    auto process = find_process(**container, request.exec_id);
    if (!process) return responder.answer(process.error());
    if ((*process)->is_announced) return responder.answer(encode(wait_response_of(*(*process)->exit)));
    (*process)->waiters.push_back(responder);
}

Result<shimv2::Empty> Service::kill(const shimv2::KillRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    auto signal = static_cast<int>(request.signal);
    if (request.exec_id.empty()) {
        if (process.phase == Process::Phase::stopped && !request.all) return is_finished();
        auto state = TRY(runtime::load_state(container.runtime_root, container.id));
        auto whom = request.all ? runtime::Whom::all : runtime::Whom::init;
        auto killed = runtime::kill(container.runtime_root, state, signal, whom);
        if (!killed && killed.error().is(ErrorKind::failed_precondition)) return is_finished();
        TRY(std::move(killed));
        return shimv2::Empty{};
    }
    if (process.phase == Process::Phase::stopped) return is_finished();
    if (process.phase == Process::Phase::created)
        return fail(ErrorKind::failed_precondition, "exec ", quote(request.exec_id), " has not been started");
    // Not reaped yet, so the pid is still this process's.
    auto pidfd = TRY(posix::open_pidfd(process.pid));
    TRY(posix::send_signal(pidfd.get(), signal));
    return shimv2::Empty{};
}

/// A container that was created and never started: its process waits and is ended here.
void Service::end_unborn(Container& container) {
    auto pidfd = posix::open_pidfd(container.init.pid);
    if (auto killed = container.group.kill(); !killed) log::failure("end the container", killed.error());
    if (pidfd) (void)posix::wait_for_end(pidfd->get(), Deadline::after(10s));  // destroy() goes on anyway
    reap();
}

Result<shimv2::DeleteResponse> Service::remove(const shimv2::DeleteRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    if (process.phase == Process::Phase::running)
        return fail(ErrorKind::failed_precondition, "delete ", quote(request.id), ": the process is running");
    bool is_init = request.exec_id.empty();
    if (is_init && process.phase == Process::Phase::created) end_unborn(container);
    if (process.exit && !process.is_announced) announce(container, process);
    if (!process.exit)
        process.exit = shimv2::ExitRecord{
            .pid = process.pid, .exit_status = is_init ? 128 + SIGKILL : 0U, .exited_at = now()};
    shimv2::DeleteResponse response{.pid = static_cast<std::uint32_t>(process.pid),
                                    .exit_status = process.exit->exit_status,
                                    .exited_at = shimv2::Timestamp::of(process.exit->exited_at)};
    if (!is_init) {
        TRY(shimv2::remove_exit_record(container.bundle, request.exec_id));
        container.execs.erase(request.exec_id);
        return response;
    }
    auto state = runtime::load_state(container.runtime_root, container.id);
    if (state)
        TRY(runtime::destroy(container.runtime_root, *state));
    else if (!state.error().is(ErrorKind::not_found))
        return state.error();
    reap();
    publisher_.publish(shimv2::TaskDelete{.container_id = container.id,
                                          .pid = response.pid,
                                          .exit_status = response.exit_status,
                                          .exited_at = response.exited_at});
    forget(container);
    return response;
}

void Service::forget(Container& container) {
    if (container.oom_watch) loop_->forget(container.oom_watch->descriptor());
    // Whoever still waits for an exec that the container took with it is not left without an answer.
    shimv2::ExitRecord killed{.exit_status = 128 + SIGKILL, .exited_at = now()};
    for (auto& [exec_id, process] : container.execs)
        for (auto& waiter : std::exchange(process->waiters, {}))
            waiter.answer(encode(wait_response_of(process->exit.value_or(killed))));
    containers_.erase(std::string(container.id));
}

Result<shimv2::Empty> Service::shutdown(const shimv2::ShutdownRequest& request) {
    if (!containers_.empty() && !request.now) return shimv2::Empty{};
    // After the answer is on its way.
    loop_->defer([this] { shut_down_when_told(); });
    return shimv2::Empty{};
}

/// Once the last events have been taken, if somebody takes them.
void Service::shut_down_when_told() {
    constexpr auto patience = 1s;
    constexpr auto step = 10ms;
    if (!shutdown_deadline_) shutdown_deadline_ = Deadline::after(patience);
    if (publisher_.is_empty() || shutdown_deadline_->has_passed()) return options_.on_shutdown();
    loop_->after(step, [this] { shut_down_when_told(); });
}

}  // namespace tare::shim
