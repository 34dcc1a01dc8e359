#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> rename(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    std::string_view from = trim(call.arguments[0]);
    std::string_view to = trim(call.arguments[1]);
    if (from.empty() || to.empty())
        return fail(ErrorKind::invalid_argument, "Error: Neither old nor new names may be empty");
    Query query;
    query.add("name", to);
    auto renamed =
        Daemon(call.settings).post(cat("/containers/", path_segment(from), "/rename", query.text()));
    if (renamed) return 0;
    print_error(cat(renamed.error().message(), "\nError: failed to rename container named ", from, '\n'));
    return kExitFailure;
}

}  // namespace tare::cli::docker
