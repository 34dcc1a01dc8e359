#include "cli/common/timestamp.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/stream_copy.h"
#include "cli/docker/verbs.h"
#include "posix/fd.h"

namespace tare::cli::docker {

Result<int> logs(Invocation& call) {
    bool details = false, follow = false, timestamps = false;
    std::string since, until, tail = "all";
    call.flags.boolean(details, "details", 0, "Show what else the log driver stored with a line");
    call.flags.boolean(follow, "follow", 'f', "Go on with what the container writes from now on");
    call.flags.text(since, "since", 0,
                    "Begin at this time (2013-01-02T13:23:37Z) or duration before now (42m)");
    call.flags.text(tail, "tail", 'n', "Show only this many lines from the end");
    call.flags.boolean(timestamps, "timestamps", 't', "Show when each line was written");
    call.flags.text(until, "until", 0, "End at this time or duration before now");
    if (!call.parse()) return call.exit_code();

    Daemon daemon(call.settings);
    Json container = TRY(daemon.get(cat("/containers/", path_segment(call.arguments[0]), "/json")));
    Query query;
    query.add("stdout", "1")
        .add("stderr", "1")
        .flag("details", details)
        .flag("follow", follow)
        .flag("timestamps", timestamps);
    if (!since.empty())
        query.add("since", TRY_CONTEXT(parse_since(since, now()), "invalid value for \"since\""));
    if (!until.empty())
        query.add("until", TRY_CONTEXT(parse_since(until, now()), "invalid value for \"until\""));
    query.add_if("tail", tail);

    const bool tty = boolean_at(member_at(container, "Config"), "Tty");
    StreamSplitter splitter(to_standard_streams());
    auto target = cat("/containers/", path_segment(text_at(container, "Id")), "/logs", query.text());
    TRY(daemon.stream("GET", target, Json(), {}, [&](std::string_view bytes) -> Result<> {
        return tty ? posix::write_all(1, bytes) : splitter.feed(bytes);
    }));
    return 0;
}

}  // namespace tare::cli::docker
