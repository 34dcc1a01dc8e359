#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/container_create.h"
#include "cli/docker/container_wait.h"
#include "cli/docker/each_name.h"
#include "cli/docker/session.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct RunOptions {
    CreateOptions create;
    bool detach = false;
    bool sig_proxy = true;
    std::string detach_keys;
};

void define(FlagSet& flags, RunOptions& options) {
    define_create_flags(flags, options.create);
    flags.boolean(options.detach, "detach", 'd', "Run in the background and print the container's id");
    flags.text(options.detach_keys, "detach-keys", 0,
               "Keys that leave the container running (ctrl-p,ctrl-q)");
    flags.boolean(options.sig_proxy, "sig-proxy", 0, "Pass signals on to the process");
}

// Which streams are connected: what the request says of the process.
struct Streams {
    bool input = false;
    bool output = false;
    bool error = false;
    bool any() const { return input || output || error; }
};

Streams streams_of(const Json& request) {
    return {boolean_at(request, "AttachStdin"), boolean_at(request, "AttachStdout"),
            boolean_at(request, "AttachStderr")};
}

void detach_all(Json& request) {
    for (std::string_view key : {"AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"})
        request.set(key, false);
}

std::string attach_target(const std::string& id, const Streams& streams, const std::string& detach_keys) {
    Query query;
    query.flag("stream", true)
        .flag("stdin", streams.input)
        .flag("stdout", streams.output)
        .flag("stderr", streams.error);
    query.add_if("detachKeys", detach_keys);
    return cat("/containers/", path_segment(id), "/attach", query.text());
}

SessionOptions session_options(const RunOptions& options, const Settings& settings, const std::string& id,
                               const Streams& streams) {
    const std::string base = cat("/containers/", path_segment(id));
    SessionOptions session{.tty = options.create.tty,
                           .input = streams.input,
                           .output = streams.output || streams.error,
                           .detach_keys = chosen_detach_keys(settings, options.detach_keys)};
    if (options.create.tty && posix::is_terminal(1)) session.resize_target = cat(base, "/resize");
    if (options.sig_proxy) session.kill_target = cat(base, "/kill");
    return session;
}

int report_failure(const Invocation& call, const Error& error) {
    print_error(with_help(call.program(), "run", error.message()));
    return exit_code_of_failure(error);
}

// Attach first, then start: no byte of output is missed.
Result<int> run_attached(Invocation& call, const RunOptions& options, Daemon& daemon, const std::string& id,
                         const Streams& streams) {
    Session session = TRY(Session::open(daemon, session_options(options, call.settings, id, streams)));
    Hijacked connection = TRY(daemon.hijack(attach_target(id, streams, options.detach_keys), Json()));
    auto waiting = begin_wait(daemon, id, options.create.auto_remove ? WaitFor::removal : WaitFor::exit);
    TRY(session.prepare_terminal());
    auto started = daemon.post(cat("/containers/", path_segment(id), "/start"));
    if (!started) {
        connection.socket.reset();
        session.leave_terminal();
        // The failed container goes away by itself; its end is no news.
        if (options.create.auto_remove && waiting) (void)waiting->finish();
        return report_failure(call, started.error());
    }
    session.send_size();
    if (TRY(session.run(std::move(connection), waiting ? &*waiting : nullptr)) == SessionEnd::detached)
        return 0;
    return finish_wait(waiting);
}

}  // namespace

Result<int> run(Invocation& call) {
    RunOptions options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    options.create.image = call.arguments[0];
    options.create.command.assign(call.arguments.begin() + 1, call.arguments.end());
    auto request = checked_create_request(options.create, call.flags);
    if (!request) {
        print_error(with_help(call.program(), "run", request.error().message()));
        return kExitDaemon;
    }
    if (options.detach && !options.create.attach.empty())
        return fail(ErrorKind::invalid_argument,
                    "conflicting options: cannot specify both --attach and --detach");
    if (options.detach) detach_all(*request);
    const Streams streams = streams_of(*request);
    TRY(check_input_is_terminal(streams.input, options.create.tty));

    Daemon daemon(call.settings);
    auto id = create_container(daemon, options.create, *request);
    if (!id) return report_failure(call, id.error());
    if (streams.any()) return run_attached(call, options, daemon, *id, streams);
    auto started = daemon.post(cat("/containers/", path_segment(*id), "/start"));
    if (options.detach) print(cat(*id, '\n'));
    if (!started) return report_failure(call, started.error());
    return 0;
}

}  // namespace tare::cli::docker
