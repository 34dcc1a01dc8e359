#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> kill(Invocation& call) {
    std::string signal;
    call.flags.text(signal, "signal", 's', "Signal to send instead of KILL");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    Query query;
    query.add_if("signal", signal);
    return for_each_name(call.arguments, Order::parallel, [&](const std::string& name) -> Result<> {
        TRY(daemon.post(cat("/containers/", path_segment(name), "/kill", query.text())));
        return {};
    });
}

}  // namespace tare::cli::docker
