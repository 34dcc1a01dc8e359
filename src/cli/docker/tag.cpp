#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/image_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> tag(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    ImageName target = TRY_CONTEXT(
        parse_image_name(call.arguments[1]),
        cat("Error parsing reference: ", quote(call.arguments[1]), " is not a valid repository/tag"));
    Query query;
    query.add("repo", target.repository).add("tag", target.tag.empty() ? "latest" : target.tag);
    TRY(Daemon(call.settings).post(cat("/images/", path_reference(call.arguments[0]), "/tag", query.text())));
    return 0;
}

}  // namespace tare::cli::docker
