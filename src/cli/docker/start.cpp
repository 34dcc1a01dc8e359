#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/container_wait.h"
#include "cli/docker/each_name.h"
#include "cli/docker/session.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct Options {
    bool attach = false, interactive = false;
    std::string checkpoint, checkpoint_directory, detach_keys;
};

Result<int> start_attached(Invocation& call, const Options& options) {
    if (call.arguments.size() > 1)
        return fail(ErrorKind::invalid_argument, "you cannot start and attach multiple containers at once");
    Daemon daemon(call.settings);
    Json container = TRY(daemon.get(cat("/containers/", path_segment(call.arguments[0]), "/json")));
    const Json& config = member_at(container, "Config");
    const std::string base = cat("/containers/", path_segment(text_at(container, "Id")));
    const bool tty = boolean_at(config, "Tty");
    const bool input = options.interactive && boolean_at(config, "OpenStdin");
    SessionOptions session_options{.tty = tty,
                                   .input = input,
                                   .output = true,
                                   .detach_keys = chosen_detach_keys(call.settings, options.detach_keys)};
    if (tty && posix::is_terminal(1)) session_options.resize_target = cat(base, "/resize");
    if (!tty) session_options.kill_target = cat(base, "/kill");
    Session session = TRY(Session::open(daemon, std::move(session_options)));

    Query query;
    query.flag("stream", true)
        .flag("stdin", input)
        .flag("stdout", true)
        .flag("stderr", true)
        .add_if("detachKeys", options.detach_keys);
    Hijacked connection = TRY(daemon.hijack(cat(base, "/attach", query.text()), Json()));
    const bool auto_remove = boolean_at(member_at(container, "HostConfig"), "AutoRemove");
    auto waiting =
        begin_wait(daemon, text_at(container, "Id"), auto_remove ? WaitFor::removal : WaitFor::exit);
    TRY(session.prepare_terminal());
    Query start_query;
    start_query.add_if("checkpoint", options.checkpoint)
        .add_if("checkpoint-dir", options.checkpoint_directory);
    TRY(daemon.post(cat(base, "/start", start_query.text())));
    session.send_size();
    if (TRY(session.run(std::move(connection))) == SessionEnd::detached) return 0;
    return finish_wait(waiting);
}

}  // namespace

Result<int> start(Invocation& call) {
    Options options;
    call.flags.boolean(options.attach, "attach", 'a', "Show the output and pass signals on");
    call.flags.text(options.checkpoint, "checkpoint", 0, "Go on from this checkpoint").is_hidden = true;
    call.flags.text(options.checkpoint_directory, "checkpoint-dir", 0, "Where checkpoints are kept")
        .is_hidden = true;
    call.flags.text(options.detach_keys, "detach-keys", 0,
                    "Keys that leave the container running (ctrl-p,ctrl-q)");
    call.flags.boolean(options.interactive, "interactive", 'i', "Connect standard input");
    if (!call.parse()) return call.exit_code();
    if (options.attach || options.interactive) return start_attached(call, options);

    Daemon daemon(call.settings);
    Query query;
    query.add_if("checkpoint", options.checkpoint).add_if("checkpoint-dir", options.checkpoint_directory);
    std::vector<std::string> failed;
    for (const std::string& name : call.arguments) {
        auto started = daemon.post(cat("/containers/", path_segment(name), "/start", query.text()));
        if (started) {
            print(cat(name, '\n'));
        } else {
            print_error(cat(started.error().message(), '\n'));
            failed.push_back(name);
        }
    }
    if (failed.empty()) return 0;
    return fail(ErrorKind::failed_precondition, "Error: failed to start containers: ", join(failed, ", "));
}

}  // namespace tare::cli::docker
