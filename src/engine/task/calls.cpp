// The verbs that are one call to the shim.

#include "engine/task/tasks_impl.h"

namespace tare::task {

using namespace std::chrono_literals;

namespace {

template <class Request>
Request request_for(const Key& key) {
    Request request;
    request.id = key.id;
    return request;
}

template <class Request>
Request request_for(const Key& key, const std::string& exec_id) {
    auto request = request_for<Request>(key);
    request.exec_id = exec_id;
    return request;
}

Status status_of(shimv2::Status status) {
    switch (status) {
        case shimv2::Status::created:
            return Status::created;
        case shimv2::Status::running:
            return Status::running;
        case shimv2::Status::stopped:
            return Status::stopped;
        case shimv2::Status::paused:
        case shimv2::Status::pausing:
            return Status::paused;
        case shimv2::Status::unknown:
            break;
    }
    return Status::unknown;
}

}  // namespace

Result<> Tasks::attach(const Key& key, const std::string& exec_id, const StreamsRequest& request,
                       posix::Fd& client) {
    ShimRef shim = TRY(impl_->find(key));
    auto attach = request_for<shimv2::AttachRequest>(key, exec_id);
    attach.wants_stdin = request.wants_stdin;
    attach.wants_stdout = request.wants_stdout;
    attach.wants_stderr = request.wants_stderr;
    attach.framing =
        request.framing == StreamsRequest::Framing::raw ? shimv2::Framing::raw : shimv2::Framing::multiplexed;
    attach.detach_keys = request.detach_keys;
    attach.input = request.leftover;
    attach.closes_stdin = request.closes_stdin;
    std::vector<posix::Fd> descriptors;
    descriptors.push_back(TRY(posix::duplicate(client.get())));
    TRY(shim->client.call(attach, Deadline::after(30s), std::move(descriptors)));
    client.reset();
    return {};
}

Result<> Tasks::kill(const Key& key, const std::string& exec_id, int signal, Whom whom) {
    ShimRef shim = TRY(impl_->find(key));
    auto request = request_for<shimv2::KillRequest>(key, exec_id);
    request.signal = static_cast<std::uint32_t>(signal);
    request.all = whom == Whom::all;
    TRY(impl_->call(shim, request));
    return {};
}

Result<> Tasks::pause(const Key& key) {
    TRY(impl_->call(TRY(impl_->find(key)), request_for<shimv2::PauseRequest>(key)));
    return {};
}

Result<> Tasks::resume(const Key& key) {
    TRY(impl_->call(TRY(impl_->find(key)), request_for<shimv2::ResumeRequest>(key)));
    return {};
}

Result<> Tasks::resize(const Key& key, const std::string& exec_id, std::uint16_t width,
                       std::uint16_t height) {
    auto request = request_for<shimv2::ResizePtyRequest>(key, exec_id);
    request.width = width;
    request.height = height;
    TRY(impl_->call(TRY(impl_->find(key)), request));
    return {};
}

Result<> Tasks::update(const Key& key, const oci::LinuxResources& resources) {
    auto request = request_for<shimv2::UpdateTaskRequest>(key);
    request.resources = {.type_url = std::string(shimv2::kResourcesType),
                         .value = dump(oci::to_json(resources))};
    TRY(impl_->call(TRY(impl_->find(key)), request));
    return {};
}

Result<> Tasks::close_stdin(const Key& key, const std::string& exec_id) {
    auto request = request_for<shimv2::CloseIoRequest>(key, exec_id);
    request.stdin_end = true;
    TRY(impl_->call(TRY(impl_->find(key)), request));
    return {};
}

Result<std::vector<pid_t>> Tasks::pids(const Key& key) {
    auto response = TRY(impl_->call(TRY(impl_->find(key)), request_for<shimv2::PidsRequest>(key)));
    std::vector<pid_t> pids;
    for (const shimv2::ProcessInfo& process : response.processes)
        pids.push_back(static_cast<pid_t>(process.pid));
    return pids;
}

Result<State> Tasks::state(const Key& key, const std::string& exec_id) {
    auto request = request_for<shimv2::StateRequest>(key, exec_id);
    auto response = TRY(impl_->call(TRY(impl_->find(key)), request));
    return State{.status = status_of(response.status),
                 .pid = static_cast<pid_t>(response.pid),
                 .exit_status = static_cast<int>(response.exit_status),
                 .exited_at = response.exited_at.time()};
}

}  // namespace tare::task
