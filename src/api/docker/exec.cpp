#include "api/docker/endpoints.h"
#include "api/docker/streams.h"
#include "base/log.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

using ConsoleSize = std::optional<std::pair<std::uint16_t, std::uint16_t>>;

// [height, width]; null and [0, 0] are none.
Result<ConsoleSize> read_console_size(const JsonView& view) {
    auto member = view.member("ConsoleSize");
    if (!member) return ConsoleSize();
    const Json::Array* pair = member->json().as_array();
    if (pair == nullptr || pair->size() != 2) return view.error("ConsoleSize: expected [height, width]");
    auto height = TRY(JsonView((*pair)[0], "ConsoleSize[0]").as_integer<std::uint16_t>());
    auto width = TRY(JsonView((*pair)[1], "ConsoleSize[1]").as_integer<std::uint16_t>());
    if (height == 0 && width == 0) return ConsoleSize();
    return ConsoleSize({height, width});
}

Result<supervisor::ExecConfig> read_exec_config(const JsonView& view) {
    supervisor::ExecConfig config;
    config.command = TRY(view.strings("Cmd"));
    if (config.command.empty()) return fail(ErrorKind::invalid_argument, "No exec command specified");
    config.environment = TRY(view.strings("Env"));
    config.user = TRY(view.string_or("User", ""));
    config.working_directory = TRY(view.string_or("WorkingDir", ""));
    config.detach_keys = TRY(view.string_or("DetachKeys", ""));
    TRY(parse_detach_keys(config.detach_keys));
    config.privileged = TRY(view.boolean_or("Privileged", false));
    config.terminal = TRY(view.boolean_or("Tty", false));
    config.attach_stdin = TRY(view.boolean_or("AttachStdin", false));
    config.attach_stdout = TRY(view.boolean_or("AttachStdout", false));
    config.attach_stderr = TRY(view.boolean_or("AttachStderr", false));
    config.console_size = TRY(read_console_size(view));
    return config;
}

// As dockerd: the first word, and the rest.
Json process_document(const supervisor::ExecConfig& config) {
    std::vector<std::string> arguments(config.command.begin() + (config.command.empty() ? 0 : 1),
                                       config.command.end());
    Json document = Json::object().set("tty", config.terminal);
    document.set("entrypoint", config.command.empty() ? std::string() : config.command.front());
    document.set("arguments", Json(arguments)).set("privileged", config.privileged);
    if (!config.user.empty()) document.set("user", config.user);
    return document;
}

}  // namespace

Result<> exec_create(Call& call) {
    Json document = TRY(call.body());
    auto config = TRY(read_exec_config(JsonView(document, "request")));
    std::string id = TRY(call.parts.supervisor.exec_create(call.name(), config));
    return call.respond(201, Json::object().set("Id", id));
}

Result<> exec_start(Call& call) {
    Json document = TRY(call.optional_body());
    JsonView view(document, "request");
    bool is_detached = TRY(view.boolean_or("Detach", false));
    ConsoleSize size = TRY(read_console_size(view));
    supervisor::ExecInfo exec = TRY(call.parts.supervisor.exec_inspect(call.name()));
    if (is_detached) {
        TRY(call.parts.supervisor.exec_start(exec.id, {}, nullptr, size));
        return call.respond_empty(200);
    }
    if (exec.running || exec.exit_code)
        return fail(ErrorKind::failed_precondition, "Error: Exec command ", exec.id, " has already run");
    bool is_terminal = exec.config.terminal;
    task::StreamsRequest request;
    request.wants_stdin = exec.config.attach_stdin;
    request.wants_stdout = exec.config.attach_stdout;
    request.wants_stderr = exec.config.attach_stderr;
    request.framing =
        is_terminal ? task::StreamsRequest::Framing::raw : task::StreamsRequest::Framing::multiplexed;
    if (is_terminal) request.detach_keys = TRY(parse_detach_keys(exec.config.detach_keys));

    http::Hijacked client = TRY(leave_http(call, stream_content_type(is_terminal, call.version)));
    request.leftover = std::move(client.leftover);
    // The shim may have taken the connection when the program turns out to be missing: this end is kept until
    // the client can be told why, and until its exit code can be asked for.
    posix::Fd kept = TRY(posix::duplicate(client.socket.get()));
    auto started = call.parts.supervisor.exec_start(exec.id, request, &client.socket, size);
    if (!started) {
        log::failure("exec could not be started", started.error(), log::Level::warning);
        tell_error(kept, is_terminal, started.error());
    }
    return {};
}

Result<> exec_resize(Call& call) {
    auto height = TRY(call.query_integer<std::uint16_t>("h"));
    auto width = TRY(call.query_integer<std::uint16_t>("w"));
    if (!height || !width)
        return fail(ErrorKind::invalid_argument, "strconv.Atoi: parsing \"\": invalid syntax");
    TRY(call.parts.supervisor.exec_resize(call.name(), *width, *height));
    return call.respond_empty(200);
}

Result<> exec_inspect(Call& call) {
    supervisor::ExecInfo exec = TRY(call.parts.supervisor.exec_inspect(call.name()));
    Json document = Json::object().set("ID", exec.id).set("Running", exec.running);
    document.set("ExitCode", exec.exit_code ? Json(*exec.exit_code) : Json());
    document.set("ProcessConfig", process_document(exec.config));
    document.set("OpenStdin", exec.config.attach_stdin).set("OpenStderr", exec.config.attach_stderr);
    document.set("OpenStdout", exec.config.attach_stdout);
    document.set("CanRemove", exec.exit_code.has_value()).set("ContainerID", exec.container_id);
    document.set("DetachKeys", exec.config.detach_keys).set("Pid", exec.pid);
    return call.respond(200, document);
}

}  // namespace tare::docker
