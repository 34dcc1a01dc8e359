#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/inspection.h"
#include "cli/docker/platform.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> image_inspect(Invocation& call) {
    std::string format;
    std::string platform;
    call.flags.text(format, "format", 'f', "\"json\" or a Go template");
    call.flags.text(platform, "platform", 0, "Show this platform of the image: os[/arch[/variant]]");
    if (!call.parse()) return call.exit_code();
    Query query;
    if (!platform.empty()) query.add("platform", dump(TRY(parse_platform_option(platform))));
    Daemon daemon(call.settings);
    return inspect_each(call, format, [&](const std::string& name) {
        return daemon.get(cat("/images/", path_reference(name), "/json", query.text()));
    });
}

}  // namespace tare::cli::docker
