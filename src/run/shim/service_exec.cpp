#include "run/shim/service.h"

namespace tare::shim {

Result<shimv2::Empty> Service::exec(const shimv2::ExecProcessRequest& request) {
    Container& container = *TRY(find(request.id));
    TRY_CONTEXT(runtime::check_id(request.exec_id), "exec");
    if (container.execs.contains(request.exec_id))
        return fail(ErrorKind::already_exists, "exec ", quote(request.exec_id), " exists already");
    if (container.init.phase == Process::Phase::stopped)
        return fail(ErrorKind::failed_precondition, "cannot exec in a stopped container");
    shimv2::IoOptions io;
    if (request.options.is(shimv2::IoOptions::kType))
        io = TRY(shimv2::decode<shimv2::IoOptions>(request.options.value));
    auto process = std::make_unique<Process>();
    process->exec_id = request.exec_id;
    process->has_terminal = request.terminal;
    process->stdin_path = request.stdin_path;
    process->stdout_path = request.stdout_path;
    process->stderr_path = request.stderr_path;
    Json document = TRY(parse_json(request.spec.value, {.what = "process"}));
    oci::Process plan = TRY(oci::parse_process(JsonView(document, "process")));
    plan.terminal = request.terminal;
    if (!plan.oom_score_adj) plan.oom_score_adj = options_.oom_score_adj;
    if (io.terminal_width > 0)
        plan.console_size = {.height = static_cast<std::uint16_t>(io.terminal_height),
                             .width = static_cast<std::uint16_t>(io.terminal_width)};
    process->plan = std::move(plan);
    process->streams = std::make_unique<Streams>(*loop_, Streams::Options{.has_terminal = request.terminal,
                                                                          .open_stdin = io.open_stdin,
                                                                          .stdin_once = io.stdin_once});
    TRY(process->streams->open_paths(request.stdin_path, {.out = request.stdout_path,
                                                          .error = request.stderr_path,
                                                          .container_id = container.id,
                                                          .name_space = options_.name_space}));
    container.execs.emplace(request.exec_id, std::move(process));
    publisher_.publish(shimv2::TaskExecAdded{.container_id = container.id, .exec_id = request.exec_id});
    return shimv2::Empty{};
}

Result<shimv2::StartResponse> Service::start_exec(Container& container, Process& process) {
    auto state = TRY(runtime::load_state(container.runtime_root, container.id));
    runtime::ExecOptions options{.process = *process.plan};
    options.seccomp_cache = options_.seccomp_cache;
    options.stdio = TRY(process.streams->make_ends());
    // Before the program can ask for it.
    if (auto& size = process.streams->size())
        options.process.console_size = {.height = size->rows, .width = size->columns};
    auto executed = runtime::exec(container.runtime_root, state, options);
    if (!executed) {
        // Its clients are told by the end of their streams; Delete forgets it.
        process.phase = Process::Phase::stopped;
        process.is_announced = true;
        process.exit = shimv2::ExitRecord{.exec_id = process.exec_id, .exit_status = 128, .exited_at = now()};
        process.streams->process_ended({});
        return executed.error();
    }
    process.pid = executed->process.pid();
    process.phase = Process::Phase::running;
    process.plan.reset();
    auto pid = static_cast<std::uint32_t>(process.pid);
    publisher_.publish(
        shimv2::TaskExecStarted{.container_id = container.id, .exec_id = process.exec_id, .pid = pid});
    TRY(process.streams->begin(std::move(executed->console)));
    return shimv2::StartResponse{.pid = pid};
}

Result<shimv2::Empty> Service::attach(const shimv2::AttachRequest& request,
                                      std::vector<posix::Fd> descriptors) {
    if (descriptors.size() != 1)
        return fail(ErrorKind::invalid_argument, "attach: ", descriptors.size(),
                    " descriptors came with the request instead of the client's one");
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    TRY(process.streams->attach(request, std::move(descriptors.front())));
    return shimv2::Empty{};
}

Result<shimv2::Empty> Service::close_io(const shimv2::CloseIoRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    if (request.stdin_end) process.streams->close_input();
    return shimv2::Empty{};
}

Result<shimv2::Empty> Service::resize(const shimv2::ResizePtyRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    constexpr std::uint32_t limit = 0xffff;
    if (request.width > limit || request.height > limit)
        return fail(ErrorKind::invalid_argument, "resize: ", request.width, "x", request.height,
                    " is out of range");
    TRY(process.streams->resize({.rows = static_cast<std::uint16_t>(request.height),
                                 .columns = static_cast<std::uint16_t>(request.width)}));
    return shimv2::Empty{};
}

}  // namespace tare::shim
