#include "cli/common/filter_flag.h"
#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/container_row.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {
    {"ID", "CONTAINER ID"},
    {"Names", "NAMES"},
    {"Image", "IMAGE"},
    {"Command", "COMMAND"},
    {"CreatedAt", "CREATED AT"},
    {"RunningFor", "CREATED"},
    {"Ports", "PORTS"},
    {"State", "STATE"},
    {"Status", "STATUS"},
    {"Size", "SIZE"},
    {"Labels", "LABELS"},
    {"Mounts", "MOUNTS"},
    {"LocalVolumes", "LOCAL VOLUMES"},
    {"Networks", "NETWORKS"},
    {"Platform", "PLATFORM"},
};

constexpr std::string_view kRaw =
    "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n"
    "state: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\n"
    "labels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n";

struct Options {
    bool all = false, latest = false, no_trunc = false, quiet = false, size = false;
    std::int64_t last = -1;
    std::vector<std::string> filters;
    std::string format;
};

void define(FlagSet& flags, Options& options) {
    flags.boolean(options.all, "all", 'a', "Show all containers, not only the running ones");
    define_filter(flags, options.filters, 'f', "Show only containers that match, KEY=VALUE");
    flags.text(options.format, "format", 0,
               "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each container");
    flags.integer(options.last, "last", 'n', "Show the n containers created last, in any state");
    flags.boolean(options.latest, "latest", 'l', "Show the container created last, in any state");
    flags.boolean(options.no_trunc, "no-trunc", 0, "Show everything in full length");
    flags.boolean(options.quiet, "quiet", 'q', "Show only ids");
    flags.boolean(options.size, "size", 's', "Show the sizes of the file systems");
}

ListView view_of(const Options& options) {
    ListView view{
        .type_name = "*formatter.ContainerContext",
        .columns = kColumns,
        .default_table =
            "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
        .quiet = options.format == "raw" ? "container_id: {{.ID}}" : "{{.ID}}",
        .raw = std::string(kRaw)};
    if (options.size) view.default_table += "\t{{.Size}}";
    if (options.size) view.raw += "size: {{.Size}}\n";
    return view;
}

}  // namespace

Result<int> ps(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();

    if (options.format.empty() && !options.quiet) options.format = call.settings.config_text("psFormat");
    ListView view = view_of(options);
    ListFormat format = TRY(ListFormat::parse(view, options.format, options.quiet ? Quiet::yes : Quiet::no));
    Query query;
    if (options.latest) options.last = 1;
    query.flag("all", options.all || options.last >= 0);
    if (options.last > 0) query.add("limit", cat(options.last));
    query.flag("size",
               options.size || format.mentions("Size") || (format.takes_whole() && options.format != "json"));
    query.add_if("filters", TRY(filters_parameter(options.filters)));
    Json containers = TRY(Daemon(call.settings).get(cat("/containers/json", query.text())));

    const auto truncate = options.no_trunc ? Truncate::no : Truncate::yes;
    std::vector<Row> rows;
    if (auto* array = containers.as_array())
        for (const Json& container : *array)
            rows.push_back({container_row(container, truncate), member_at(container, "Labels")});
    print(TRY(format.render(rows)));
    return 0;
}

}  // namespace tare::cli::docker
