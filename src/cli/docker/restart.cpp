#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> restart(Invocation& call) {
    std::string signal;
    std::int64_t timeout = 0;
    call.flags.text(signal, "signal", 's', "Signal to send instead of the container's own");
    call.flags.integer(timeout, "timeout", 't', "Seconds to wait before killing (-1: for ever)");
    call.flags.integer(timeout, "time", 0, "Seconds to wait before killing").is_hidden = true;
    if (!call.parse()) return call.exit_code();
    if (call.flags.is_set("time") && call.flags.is_set("timeout"))
        return fail(ErrorKind::invalid_argument,
                    "conflicting options: cannot specify both --timeout and --time");
    Daemon daemon(call.settings);
    Query query;
    query.add_if("signal", signal);
    if (call.flags.is_set("timeout") || call.flags.is_set("time")) query.add("t", cat(timeout));
    return for_each_name(call.arguments, Order::one_by_one, [&](const std::string& name) -> Result<> {
        TRY(daemon.post(cat("/containers/", path_segment(name), "/restart", query.text())));
        return {};
    });
}

}  // namespace tare::cli::docker
