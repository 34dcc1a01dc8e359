#include <algorithm>

#include "posix/process.h"
#include "run/shim/metrics.h"
#include "run/shim/service.h"

namespace tare::shim {

namespace {

shimv2::Status status_of(const Container& container, const Process& process) {
    switch (process.phase) {
        case Process::Phase::created:
            return shimv2::Status::created;
        case Process::Phase::running:
            return container.is_paused ? shimv2::Status::paused : shimv2::Status::running;
        case Process::Phase::stopped:
            return shimv2::Status::stopped;
    }
    return shimv2::Status::unknown;
}

}  // namespace

Result<shimv2::StateResponse> Service::state(const shimv2::StateRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    shimv2::StateResponse response{.id = container.id,
                                   .bundle = container.bundle,
                                   .pid = static_cast<std::uint32_t>(process.pid),
                                   .status = status_of(container, process),
                                   .stdin_path = process.stdin_path,
                                   .stdout_path = process.stdout_path,
                                   .stderr_path = process.stderr_path,
                                   .terminal = process.has_terminal,
                                   .exec_id = process.exec_id};
    if (process.exit) {
        response.exit_status = process.exit->exit_status;
        response.exited_at = shimv2::Timestamp::of(process.exit->exited_at);
    }
    return response;
}

Result<shimv2::PidsResponse> Service::pids(const shimv2::PidsRequest& request) {
    Container& container = *TRY(find(request.id));
    shimv2::PidsResponse response;
    for (pid_t pid : TRY(container.group.processes())) {
        shimv2::ProcessInfo info{.pid = static_cast<std::uint32_t>(pid)};
        for (auto& [exec_id, process] : container.execs)
            if (process->pid == pid)
                info.info = {.type_url = std::string(shimv2::ProcessDetails::kType),
                             .value = encode(shimv2::ProcessDetails{.exec_id = exec_id})};
        response.processes.push_back(std::move(info));
    }
    return response;
}

Result<shimv2::StatsResponse> Service::stats(const shimv2::StatsRequest& request) {
    Container& container = *TRY(find(request.id));
    auto used = TRY(cgroup::read_stats(container.group));
    return shimv2::StatsResponse{.stats = metrics_of(used, cgroup::oom_kill_count(container.group))};
}

Result<shimv2::ConnectResponse> Service::connect(const shimv2::ConnectRequest& request) {
    Container& container = *TRY(find(request.id));
    return shimv2::ConnectResponse{.shim_pid = static_cast<std::uint32_t>(posix::own_pid()),
                                   .task_pid = static_cast<std::uint32_t>(container.init.pid),
                                   .version = options_.version,
                                   .build = options_.build};
}

Result<shimv2::Empty> Service::pause(const shimv2::PauseRequest& request) {
    Container& container = *TRY(find(request.id));
    if (container.init.phase != Process::Phase::running)
        return fail(ErrorKind::failed_precondition, "cannot pause a container that is not running");
    auto state = TRY(runtime::load_state(container.runtime_root, container.id));
    TRY(runtime::pause(container.runtime_root, state));
    container.is_paused = true;
    publisher_.publish(shimv2::TaskPaused{.container_id = container.id});
    return shimv2::Empty{};
}

Result<shimv2::Empty> Service::resume(const shimv2::ResumeRequest& request) {
    Container& container = *TRY(find(request.id));
    auto state = TRY(runtime::load_state(container.runtime_root, container.id));
    TRY(runtime::resume(container.runtime_root, state));
    container.is_paused = false;
    publisher_.publish(shimv2::TaskResumed{.container_id = container.id});
    return shimv2::Empty{};
}

Result<shimv2::Empty> Service::update(const shimv2::UpdateTaskRequest& request) {
    Container& container = *TRY(find(request.id));
    if (container.init.phase == Process::Phase::stopped)
        return fail(ErrorKind::failed_precondition, "container not running");
    Json document = TRY(parse_json(request.resources.value, {.what = "resources"}));
    auto resources = TRY(oci::parse_resources(JsonView(document, "resources")));
    TRY(container.group.set(resources, cgroup::Cgroup::Devices::keep));
    TRY(container.group.verify(resources));
    return shimv2::Empty{};
}

Result<shimv2::Empty> Service::checkpoint(const shimv2::CheckpointTaskRequest&) {
    return fail(ErrorKind::unimplemented, "checkpoints are not implemented");
}

}  // namespace tare::shim
