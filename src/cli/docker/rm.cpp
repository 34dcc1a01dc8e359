#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> rm(Invocation& call) {
    bool force = false;
    bool link = false;
    bool volumes = false;
    call.flags.boolean(force, "force", 'f', "Kill running containers first (SIGKILL)");
    call.flags.boolean(link, "link", 'l', "Remove the link, not the container");
    call.flags.boolean(volumes, "volumes", 'v', "Remove anonymous volumes with the container");
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    Query query;
    query.flag("force", force).flag("link", link).flag("v", volumes);
    std::string failures;
    for (const std::string& name : call.arguments) {
        std::string_view bare = name;
        while (bare.starts_with('/'))
            bare.remove_prefix(1);
        auto removed = bare.empty()
                           ? Result<Json>(fail(ErrorKind::invalid_argument, "container name cannot be empty"))
                           : daemon.remove(cat("/containers/", path_segment(bare), query.text()));
        if (removed) {
            print(cat(name, '\n'));
        } else if (force && removed.error().is(ErrorKind::not_found)) {
            print_error(cat(removed.error().message(), '\n'));
        } else {
            failures += cat(removed.error().message(), '\n');
        }
    }
    print_error(failures);
    return failures.empty() ? 0 : kExitFailure;
}

}  // namespace tare::cli::docker
