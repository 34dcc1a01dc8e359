#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/container_wait.h"
#include "cli/docker/each_name.h"
#include "cli/docker/session.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct Options {
    bool detach = false, interactive = false, privileged = false, tty = false;
    std::string detach_keys, user, working_directory;
    std::vector<std::string> env, env_files;
};

void define(FlagSet& flags, Options& options) {
    flags.boolean(options.detach, "detach", 'd', "Run in the background");
    flags.text(options.detach_keys, "detach-keys", 0, "Keys that leave the command running (ctrl-p,ctrl-q)");
    flags.custom("env", 'e', "list", "Set a variable of the environment",
                 [&options](std::string_view text) -> Result<> {
                     options.env.push_back(TRY(resolve_environment_option(text, environment)));
                     return {};
                 });
    flags.list(options.env_files, "env-file", 0, "Read variables of the environment from a file").completion =
        "file";
    flags.boolean(options.interactive, "interactive", 'i', "Connect standard input");
    flags.boolean(options.privileged, "privileged", 0, "All rights of the host");
    flags.boolean(options.tty, "tty", 't', "Give it a terminal");
    flags.text(options.user, "user", 'u', "Name or id of the user, with group: USER[:GROUP]");
    flags.text(options.working_directory, "workdir", 'w', "Working directory");
}

void add_console_size(Json& body, bool tty) {
    auto size = posix::window_size(1);
    if (tty && size && size->rows > 0)
        body.set("ConsoleSize", Json::array().push(size->rows).push(size->columns));
}

Result<Json> exec_request(const Options& options, const Invocation& call) {
    std::vector<std::string> env = TRY(read_key_value_files(options.env_files, environment));
    env.insert(env.end(), options.env.begin(), options.env.end());
    Json body = Json::object();
    body.set("User", options.user).set("Privileged", options.privileged).set("Tty", options.tty);
    body.set("AttachStdin", options.interactive && !options.detach);
    body.set("AttachStdout", !options.detach)
        .set("AttachStderr", !options.detach)
        .set("Detach", options.detach);
    body.set("DetachKeys",
             options.detach_keys.empty() ? call.settings.config_text("detachKeys") : options.detach_keys);
    body.set("Env", Json(env)).set("WorkingDir", options.working_directory);
    body.set("Cmd", Json(std::vector<std::string>(call.arguments.begin() + 1, call.arguments.end())));
    add_console_size(body, options.tty);
    return body;
}

Result<int> run_attached(Invocation& call, const Options& options, Daemon& daemon, const std::string& id) {
    const std::string base = cat("/exec/", path_segment(id));
    SessionOptions session_options{.tty = options.tty,
                                   .input = options.interactive,
                                   .output = true,
                                   .detach_keys = chosen_detach_keys(call.settings, options.detach_keys)};
    if (options.tty && posix::is_terminal(0)) session_options.resize_target = cat(base, "/resize");
    Session session = TRY(Session::open(daemon, std::move(session_options)));
    Json body = Json::object();
    body.set("Detach", false).set("Tty", options.tty);
    add_console_size(body, options.tty);
    Hijacked connection = TRY(daemon.hijack(cat(base, "/start"), body));
    TRY(session.prepare_terminal());
    session.send_size();
    if (TRY(session.run(std::move(connection))) == SessionEnd::detached)
        return fail(ErrorKind::cancelled, "read escape sequence");
    Json result = TRY(daemon.get(cat(base, "/json")));
    return static_cast<int>(integer_at(result, "ExitCode"));
}

}  // namespace

Result<int> exec(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    Json request = TRY(exec_request(options, call));
    Daemon daemon(call.settings);
    const std::string base = cat("/containers/", path_segment(call.arguments[0]));
    // A container that is not there is the first thing to be told, a missing terminal the second;
    // neither may leave an exec behind in the daemon.
    TRY(daemon.get(cat(base, "/json")));
    if (!options.detach) TRY(check_input_is_terminal(options.interactive, options.tty));
    Json created = TRY(daemon.post(cat(base, "/exec"), request));
    std::string id = text_at(created, "Id");
    if (id.empty()) return fail(ErrorKind::internal, "exec ID empty");
    if (!options.detach) return run_attached(call, options, daemon, id);
    Json body = Json::object();
    body.set("Detach", true).set("Tty", options.tty);
    TRY(daemon.post(cat("/exec/", path_segment(id), "/start"), body));
    return 0;
}

}  // namespace tare::cli::docker
