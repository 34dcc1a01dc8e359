#include "cli/common/safe_text.h"
#include "cli/common/table.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

std::string row_of(const Json::Array& cells) {
    std::string row;
    for (const Json& cell : cells) {
        if (&cell != cells.data()) row += '\t';
        if (auto* text = cell.as_string()) row += *text;
    }
    return row + '\n';
}

}  // namespace

Result<int> top(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    std::vector<std::string> options(call.arguments.begin() + 1, call.arguments.end());
    Query query;
    query.add_if("ps_args", join(options, " "));
    Json answer = TRY(Daemon(call.settings)
                          .get(cat("/containers/", path_segment(call.arguments[0]), "/top", query.text())));
    std::string text = row_of(array_at(answer, "Titles"));
    for (const Json& process : array_at(answer, "Processes"))
        if (auto* cells = process.as_array()) text += row_of(*cells);
    print(align_columns(text, {20, 3}));
    return 0;
}

}  // namespace tare::cli::docker
