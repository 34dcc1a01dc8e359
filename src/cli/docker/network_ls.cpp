#include <algorithm>

#include "cli/common/filter_flag.h"
#include "cli/common/go_format.h"
#include "cli/common/key_value.h"
#include "cli/common/natural_order.h"
#include "cli/common/safe_text.h"
#include "cli/common/timestamp.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {{"ID", "NETWORK ID"}, {"Name", "NAME"},         {"Driver", "DRIVER"},
                               {"Scope", "SCOPE"},   {"IPv4", "IPV4"},         {"IPv6", "IPV6"},
                               {"Labels", "LABELS"}, {"Internal", "INTERNAL"}, {"CreatedAt", "CREATED AT"}};

std::string created_of(const Json& network) {
    auto time = parse_rfc3339(text_at(network, "Created"));
    if (!time) return text_at(network, "Created");
    // Go's Time.String keeps the fraction, without trailing zeros.
    std::string text = format_local(*time);
    if (time->nanoseconds == 0) return text;
    std::string fraction = cat(1'000'000'000 + time->nanoseconds).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return text.insert(19, cat('.', fraction));
}

Json row_of(const Json& network, bool truncate) {
    std::vector<std::string> labels;
    for (const auto& [key, value] : object_at(network, "Labels"))
        labels.push_back(cat(key, '=', go_print(value)));
    std::ranges::sort(labels);
    auto yes_no = [&](std::string_view key) { return boolean_at(network, key) ? "true" : "false"; };
    std::string id = text_at(network, "Id");
    Json row = Json::object();
    row.set("CreatedAt", created_of(network));
    row.set("Driver", text_at(network, "Driver"));
    row.set("ID", truncate ? short_id(id) : id);
    row.set("IPv4", yes_no("EnableIPv4"));
    row.set("IPv6", yes_no("EnableIPv6"));
    row.set("Internal", yes_no("Internal"));
    row.set("Labels", join(labels, ","));
    row.set("Name", text_at(network, "Name"));
    row.set("Scope", text_at(network, "Scope"));
    return row;
}

}  // namespace

Result<int> network_ls(Invocation& call) {
    bool no_trunc = false, quiet = false;
    std::string format;
    std::vector<std::string> filters;
    define_filter(call.flags, filters, 'f', "Show only networks that match, KEY=VALUE");
    call.flags.text(format, "format", 0,
                    "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each network");
    call.flags.boolean(no_trunc, "no-trunc", 0, "Show everything in full length");
    call.flags.boolean(quiet, "quiet", 'q', "Show only ids");
    if (!call.parse()) return call.exit_code();

    if (format.empty() && !quiet) format = call.settings.config_text("networksFormat");
    ListView view{.type_name = "*network.networkContext",
                  .columns = kColumns,
                  .default_table = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
                  .quiet = "{{.ID}}",
                  .raw = "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n"};
    ListFormat parsed = TRY(ListFormat::parse(view, format, quiet ? Quiet::yes : Quiet::no));
    Query query;
    query.add_if("filters", TRY(filters_parameter(filters)));
    Json networks = TRY(Daemon(call.settings).get(cat("/networks", query.text())));
    std::vector<Row> rows;
    if (auto* array = networks.as_array())
        for (const Json& network : *array)
            rows.push_back({row_of(network, !no_trunc), member_at(network, "Labels")});
    std::ranges::stable_sort(rows, natural_less, [](const Row& row) { return text_at(row.fields, "Name"); });
    print(TRY(parsed.render(rows)));
    return 0;
}

}  // namespace tare::cli::docker
