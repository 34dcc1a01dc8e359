#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/container_wait.h"
#include "cli/docker/each_name.h"
#include "cli/docker/session.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

Result<> check_state(const Json& container) {
    const Json& state = member_at(container, "State");
    if (!boolean_at(state, "Running"))
        return fail(ErrorKind::failed_precondition,
                    "You cannot attach to a stopped container, start it first");
    if (boolean_at(state, "Paused"))
        return fail(ErrorKind::failed_precondition,
                    "You cannot attach to a paused container, unpause it first");
    if (boolean_at(state, "Restarting"))
        return fail(ErrorKind::failed_precondition,
                    "You cannot attach to a restarting container, wait until it is running");
    return {};
}

}  // namespace

Result<int> attach(Invocation& call) {
    bool no_input = false, sig_proxy = true;
    std::string detach_keys;
    call.flags.text(detach_keys, "detach-keys", 0, "Keys that leave the container running (ctrl-p,ctrl-q)");
    call.flags.boolean(no_input, "no-stdin", 0, "Do not connect standard input");
    call.flags.boolean(sig_proxy, "sig-proxy", 0, "Pass signals on to the process");
    if (!call.parse()) return call.exit_code();

    Daemon daemon(call.settings);
    const std::string base = cat("/containers/", path_segment(call.arguments[0]));
    Json container = TRY(daemon.get(cat(base, "/json")));
    TRY(check_state(container));
    const Json& config = member_at(container, "Config");
    const bool tty = boolean_at(config, "Tty");
    TRY(check_input_is_terminal(!no_input, tty));
    const bool input = !no_input && boolean_at(config, "OpenStdin");
    SessionOptions options{.tty = tty,
                           .input = input,
                           .output = true,
                           .detach_keys = chosen_detach_keys(call.settings, detach_keys)};
    if (tty && posix::is_terminal(1)) options.resize_target = cat(base, "/resize");
    if (sig_proxy && !tty) options.kill_target = cat(base, "/kill");
    Session session = TRY(Session::open(daemon, std::move(options)));

    auto waiting = daemon.begin("POST", cat(base, "/wait"));
    Query query;
    query.flag("stream", true)
        .flag("stdin", input)
        .flag("stdout", true)
        .flag("stderr", true)
        .add_if("detachKeys", detach_keys);
    Hijacked connection = TRY(daemon.hijack(cat(base, "/attach", query.text()), Json()));
    TRY(session.prepare_terminal());
    session.send_size_twice();
    if (TRY(session.run(std::move(connection))) == SessionEnd::detached)
        return fail(ErrorKind::cancelled, "read escape sequence");
    return finish_wait(waiting);
}

}  // namespace tare::cli::docker
