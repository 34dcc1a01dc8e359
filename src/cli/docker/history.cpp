#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/common/timestamp.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/platform.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {
    {"ID", "IMAGE"},  {"CreatedAt", "CREATED AT"}, {"CreatedSince", "CREATED"}, {"CreatedBy", "CREATED BY"},
    {"Size", "SIZE"}, {"Comment", "COMMENT"}};

Json row_of(const Json& layer, bool human, bool truncate) {
    std::string id = text_at(layer, "Id");
    Timestamp created{integer_at(layer, "Created"), 0};
    bool is_known = created.seconds > 0;
    std::string by = replace_all(text_at(layer, "CreatedBy"), "\t", " ");
    auto size = integer_at(layer, "Size");
    Json row = Json::object();
    row.set("Comment", text_at(layer, "Comment"));
    row.set("CreatedAt", is_known ? format_rfc3339(created) : "N/A");
    row.set("CreatedBy", truncate ? ellipsis(by, 45) : by);
    row.set("CreatedSince", !is_known ? "N/A" : human ? time_ago(created, now()) : format_rfc3339(created));
    row.set("ID", truncate ? short_id(id) : id);
    row.set("Size", human ? format_size(static_cast<double>(size), 3) : cat(size));
    return row;
}

}  // namespace

Result<int> history(Invocation& call) {
    bool human = true, no_trunc = false, quiet = false;
    std::string format, platform;
    call.flags.text(format, "format", 0,
                    "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each layer");
    call.flags.boolean(human, "human", 'H', "Show sizes and dates rounded for people");
    call.flags.boolean(no_trunc, "no-trunc", 0, "Show everything in full length");
    call.flags.text(platform, "platform", 0, "Show this platform of the image: os[/arch[/variant]]");
    call.flags.boolean(quiet, "quiet", 'q', "Show only ids");
    if (!call.parse()) return call.exit_code();

    ListView view{.type_name = "*image.historyContext",
                  .columns = kColumns,
                  .default_table = cat("{{.ID}}\t", human ? "{{.CreatedSince}}" : "{{.CreatedAt}}",
                                       "\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"),
                  .quiet = "{{.ID}}",
                  .raw = {}};
    ListFormat parsed = TRY(ListFormat::parse(view, format, quiet ? Quiet::yes : Quiet::no));
    Query query;
    if (!platform.empty()) query.add("platform", dump(TRY(parse_platform_option(platform))));
    Json layers = TRY(Daemon(call.settings)
                          .get(cat("/images/", path_reference(call.arguments[0]), "/history", query.text())));
    std::vector<Json> rows;
    if (auto* array = layers.as_array())
        for (const Json& layer : *array)
            rows.push_back(row_of(layer, human, !no_trunc));
    print(TRY(parsed.render(rows)));
    return 0;
}

}  // namespace tare::cli::docker
