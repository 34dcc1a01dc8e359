#include <cstdio>
#include <thread>

#include "cli/common/key_value.h"
#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/verbs.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

namespace {

constexpr Column kColumns[] = {
    {"Container", "CONTAINER"},
    {"Name", "NAME"},
    {"ID", "CONTAINER ID"},
    {"CPUPerc", "CPU %"},
    {"MemUsage", "MEM USAGE / LIMIT"},
    {"MemPerc", "MEM %"},
    {"NetIO", "NET I/O"},
    {"BlockIO", "BLOCK I/O"},
    {"PIDs", "PIDS"},
};

double number_at(const Json& object, std::string_view key) {
    return member_at(object, key).as_double().value_or(0);
}

double cpu_percent(const Json& stats) {
    const Json& now = member_at(stats, "cpu_stats");
    const Json& before = member_at(stats, "precpu_stats");
    const Json& usage = member_at(now, "cpu_usage");
    double used = number_at(usage, "total_usage") - number_at(member_at(before, "cpu_usage"), "total_usage");
    double total = number_at(now, "system_cpu_usage") - number_at(before, "system_cpu_usage");
    double cpus = number_at(now, "online_cpus");
    if (cpus == 0) cpus = static_cast<double>(array_at(usage, "percpu_usage").size());
    return used > 0 && total > 0 ? used / total * cpus * 100 : 0;
}

// Without the page cache that the kernel can drop at once (cgroup v1 and v2 names).
double memory_used(const Json& memory) {
    double usage = number_at(memory, "usage");
    const Json& details = member_at(memory, "stats");
    for (std::string_view key : {"total_inactive_file", "inactive_file"})
        if (const Json* cache = details.find(key); cache != nullptr && cache->as_double().value_or(0) < usage)
            return usage - cache->as_double().value_or(0);
    return usage;
}

struct Transfer {
    double in = 0;
    double out = 0;
    std::string text() const { return cat(format_size(in, 3), " / ", format_size(out, 3)); }
};

Transfer network_transfer(const Json& stats) {
    Transfer transfer;
    for (const auto& [name, network] : object_at(stats, "networks")) {
        transfer.in += number_at(network, "rx_bytes");
        transfer.out += number_at(network, "tx_bytes");
    }
    return transfer;
}

Transfer block_transfer(const Json& stats) {
    Transfer transfer;
    for (const Json& entry : array_at(member_at(stats, "blkio_stats"), "io_service_bytes_recursive")) {
        std::string operation = to_lower(text_at(entry, "op"));
        if (operation.starts_with('r')) transfer.in += number_at(entry, "value");
        if (operation.starts_with('w')) transfer.out += number_at(entry, "value");
    }
    return transfer;
}

std::string percentage(double value) {
    char buffer[48];
    std::snprintf(buffer, sizeof buffer, "%.2f%%", value);
    return buffer;
}

Json row_of(const Json& stats, const std::string& asked, bool truncate) {
    const Json& memory = member_at(stats, "memory_stats");
    double used = memory_used(memory);
    double limit = number_at(memory, "limit");
    std::string name = text_at(stats, "name");
    std::string id = text_at(stats, "id");
    Json row = Json::object();
    row.set("BlockIO", block_transfer(stats).text());
    row.set("CPUPerc", percentage(cpu_percent(stats)));
    row.set("Container", asked);
    row.set("ID", truncate ? short_id(id) : id);
    row.set("MemPerc", percentage(limit > 0 ? used / limit * 100 : 0));
    row.set("MemUsage", cat(format_size_binary(used), " / ", format_size_binary(limit)));
    row.set("Name", name.size() > 1 ? name.substr(name.starts_with('/') ? 1 : 0) : "--");
    row.set("NetIO", network_transfer(stats).text());
    row.set("PIDs", cat(integer_at(member_at(stats, "pids_stats"), "current")));
    return row;
}

// The containers to show: those named, or all that run.
Result<std::vector<std::string>> containers_of(Daemon& daemon, const Invocation& call, bool all) {
    if (!call.arguments.empty()) return call.arguments;
    Query query;
    query.flag("all", all);
    std::vector<std::string> ids;
    Json list = TRY(daemon.get(cat("/containers/json", query.text())));
    if (auto* array = list.as_array())
        for (const Json& container : *array)
            ids.push_back(short_id(text_at(container, "Id")));
    return ids;
}

// One answer takes the daemon a second or two (it measures twice), so all are asked at once.
std::vector<Result<Json>> measure(Daemon& daemon, const std::vector<std::string>& names) {
    std::vector<Result<Json>> answers(names.size(), Result<Json>(Json()));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < names.size(); ++i)
        threads.emplace_back([&, i] {
            answers[i] = daemon.get(cat("/containers/", path_segment(names[i]), "/stats?stream=0"));
        });
    threads.clear();
    return answers;
}

Result<std::vector<Json>> rows_of(Daemon& daemon, const Invocation& call, bool all, bool truncate) {
    std::vector<std::string> names = TRY(containers_of(daemon, call, all));
    std::vector<Result<Json>> answers = measure(daemon, names);
    std::vector<Json> rows;
    for (std::size_t i = 0; i < names.size(); ++i) {
        // A container that ended meanwhile drops out of a list that nobody asked for by name.
        if (!answers[i] && call.arguments.empty()) continue;
        rows.push_back(row_of(TRY(std::move(answers[i])), names[i], truncate));
    }
    return rows;
}

// The text at the top of the screen, each line cleared to its end.
std::string as_screen(std::string_view text) {
    return cat("\x1b[H", replace_all(text, "\n", "\x1b[K\n"), "\x1b[J");
}

}  // namespace

Result<int> stats(Invocation& call) {
    bool all = false;
    bool no_stream = false;
    bool no_trunc = false;
    std::string format;
    call.flags.boolean(all, "all", 'a', "Show stopped containers too");
    call.flags.text(format, "format", 0,
                    "\"table\", \"table TEMPLATE\", \"json\" or a Go template for each container");
    call.flags.boolean(no_stream, "no-stream", 0, "Show the figures once and end");
    call.flags.boolean(no_trunc, "no-trunc", 0, "Show everything in full length");
    if (!call.parse()) return call.exit_code();

    if (format.empty()) format = call.settings.config_text("statsFormat");
    ListView view{.type_name = "*container.statsContext",
                  .columns = kColumns,
                  .default_table =
                      "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}"
                      "}\t{{.PIDs}}",
                  .quiet = {},
                  .raw = {}};
    ListFormat parsed = TRY(ListFormat::parse(view, format));
    Daemon daemon(call.settings);
    for (;;) {
        std::vector<Json> rows = TRY(rows_of(daemon, call, all, !no_trunc));
        std::string text = TRY(parsed.render(rows));
        if (no_stream) {
            print(text);
            return 0;
        }
        print_raw(as_screen(posix::is_terminal(1) ? escape_for_terminal(text) : text));
        // With nothing to watch the daemon answers at once.
        if (rows.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

}  // namespace tare::cli::docker
