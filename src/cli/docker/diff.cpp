#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

Result<int> diff(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    if (call.arguments[0].empty()) return fail(ErrorKind::invalid_argument, "Container name cannot be empty");
    Json changes =
        TRY(Daemon(call.settings).get(cat("/containers/", path_segment(call.arguments[0]), "/changes")));
    std::string out;
    if (auto* array = changes.as_array())
        for (const Json& change : *array) {
            auto kind = static_cast<std::size_t>(integer_at(change, "Kind"));
            out += cat(std::string_view("CAD").substr(kind < 3 ? kind : 0, 1), ' ', text_at(change, "Path"),
                       '\n');
        }
    print(out);
    return 0;
}

}  // namespace tare::cli::docker
