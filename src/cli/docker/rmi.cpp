#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/platform.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

void print_removed(const Json& removed) {
    if (auto* array = removed.as_array())
        for (const Json& item : *array) {
            std::string deleted = text_at(item, "Deleted");
            print(deleted.empty() ? cat("Untagged: ", text_at(item, "Untagged"), '\n')
                                  : cat("Deleted: ", deleted, '\n'));
        }
}

}  // namespace

Result<int> rmi(Invocation& call) {
    bool force = false;
    bool no_prune = false;
    std::vector<std::string> platforms;
    call.flags.boolean(force, "force", 'f', "Remove the image even if containers use it");
    call.flags.boolean(no_prune, "no-prune", 0, "Keep parents that have no name");
    call.flags.list(platforms, "platform", 0, "Remove only this platform: os[/arch[/variant]]", "strings");
    if (!call.parse()) return call.exit_code();
    Query query;
    query.flag("force", force).flag("noprune", no_prune);
    for (const std::string& platform : platforms)
        query.add("platforms", dump(TRY(parse_platform_option(platform))));

    Daemon daemon(call.settings);
    std::string failures;
    bool only_missing = true;
    for (const std::string& name : call.arguments) {
        auto removed = daemon.remove(cat("/images/", path_reference(name), query.text()));
        if (removed) {
            print_removed(*removed);
            continue;
        }
        only_missing = only_missing && removed.error().is(ErrorKind::not_found);
        failures += cat(removed.error().message(), '\n');
    }
    print_error(failures);
    return failures.empty() || (force && only_missing) ? 0 : kExitFailure;
}

}  // namespace tare::cli::docker
