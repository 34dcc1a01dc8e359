#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> wait(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    Daemon daemon(call.settings);
    std::string failures;
    for (const std::string& name : call.arguments) {
        auto answer = daemon.post(cat("/containers/", path_segment(name), "/wait"));
        if (answer) {
            print(cat(integer_at(*answer, "StatusCode"), '\n'));
        } else {
            failures += cat(answer.error().message(), '\n');
        }
    }
    print_error(failures);
    return failures.empty() ? 0 : kExitFailure;
}

}  // namespace tare::cli::docker
