#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> unpause(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    return for_each_name(call.arguments, Order::parallel, [&](const std::string& name) -> Result<> {
        TRY(daemon.post(cat("/containers/", path_segment(name), "/unpause")));
        return {};
    });
}

}  // namespace tare::cli::docker
