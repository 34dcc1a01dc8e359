#include <algorithm>

#include "cli/common/filter_flag.h"
#include "cli/common/go_format.h"
#include "cli/common/key_value.h"
#include "cli/common/natural_order.h"
#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"
#include "cli/docker/volume_row.h"

namespace tare::cli::docker {

Json volume_row(const Json& volume) {
    std::vector<std::string> labels;
    for (const auto& [key, value] : object_at(volume, "Labels"))
        labels.push_back(cat(key, '=', go_print(value)));
    std::ranges::sort(labels);
    const Json& usage = member_at(volume, "UsageData");
    bool is_known = usage.is_object();
    Json row = Json::object();
    row.set("Availability", "N/A");
    row.set("Driver", text_at(volume, "Driver"));
    row.set("Group", "N/A");
    row.set("Labels", join(labels, ","));
    row.set("Links", is_known ? cat(integer_at(usage, "RefCount")) : "N/A");
    row.set("Mountpoint", text_at(volume, "Mountpoint"));
    row.set("Name", text_at(volume, "Name"));
    row.set("Scope", text_at(volume, "Scope"));
    row.set("Size", is_known ? format_size(static_cast<double>(integer_at(usage, "Size"))) : "N/A");
    row.set("Status", "N/A");
    return row;
}

namespace {

constexpr Column kColumns[] = {{"Name", "VOLUME NAME"},
                               {"Driver", "DRIVER"},
                               {"Scope", "SCOPE"},
                               {"Mountpoint", "MOUNTPOINT"},
                               {"Labels", "LABELS"},
                               {"Links", "LINKS"},
                               {"Size", "SIZE"},
                               {"Group", "GROUP"},
                               {"Availability", "AVAILABILITY"},
                               {"Status", "STATUS"}};

}  // namespace

Result<int> volume_ls(Invocation& call) {
    bool quiet = false, cluster = false;
    std::string format;
    std::vector<std::string> filters;
    call.flags.boolean(cluster, "cluster", 0, "Show only cluster volumes").is_hidden = true;
    define_filter(call.flags, filters, 'f', "Show only volumes that match, KEY=VALUE");
    call.flags.text(format, "format", 0,
                    "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each volume");
    call.flags.boolean(quiet, "quiet", 'q', "Show only names");
    if (!call.parse()) return call.exit_code();

    if (format.empty() && !quiet) format = call.settings.config_text("volumesFormat");
    ListView view{.type_name = "*formatter.volumeContext",
                  .columns = kColumns,
                  .default_table = "{{.Driver}}\t{{.Name}}",
                  .quiet = format == "raw" ? "name: {{.Name}}" : "{{.Name}}",
                  .raw = "name: {{.Name}}\ndriver: {{.Driver}}\n"};
    ListFormat parsed = TRY(ListFormat::parse(view, format, quiet ? Quiet::yes : Quiet::no));
    Query query;
    query.add_if("filters", TRY(filters_parameter(filters)));
    Json answer = TRY(Daemon(call.settings).get(cat("/volumes", query.text())));
    std::vector<Row> rows;
    for (const Json& volume : array_at(answer, "Volumes"))
        rows.push_back({volume_row(volume), member_at(volume, "Labels")});
    std::ranges::stable_sort(rows, natural_less, [](const Row& row) { return text_at(row.fields, "Name"); });
    if (cluster) rows.clear();  // this engine is no cluster
    print(TRY(parsed.render(rows)));
    return 0;
}

}  // namespace tare::cli::docker
