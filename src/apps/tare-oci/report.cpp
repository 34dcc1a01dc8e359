#include <algorithm>
#include <utility>

#include "apps/tare-oci/invocation.h"
#include "cli/common/flags.h"
#include "cli/common/size.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/process.h"

namespace tare::oci_command {

namespace {

Result<std::string> one_id(std::span<const std::string> words, cli::FlagSet& flags,
                           std::string_view command) {
    auto arguments = TRY(flags.parse(words));
    if (arguments.size() != 1)
        return fail(ErrorKind::invalid_argument, "tare-oci: ", quote(command),
                    " requires exactly 1 argument(s)");
    return arguments.front();
}

struct Row {
    runtime::State state;
    runtime::Status status;
};

/// What cannot be read is told and passed over: one broken container does not hide the others.
Result<std::vector<Row>> all_rows(const Globals& globals) {
    std::vector<Row> rows;
    for (auto& id : TRY(runtime::list_ids(globals.root))) {
        auto state = runtime::load_state(globals.root, id);
        if (state) {
            auto status = TRY(runtime::status_of(globals.root, *state));
            rows.push_back({std::move(*state), status});
        } else {
            TRY(posix::write_all(2, cat("load container ", id, ": ", state.error().message(), "\n")));
        }
    }
    return rows;
}

std::string owner_name(uid_t uid) {
    return uid == 0 ? "root" : cat("#", uid);
}

/// Go's tabwriter as runc sets it up: columns of at least 12, 3 apart.
std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(12);
            widths[i] = std::max(widths[i], row[i].size() + 3);
        }
    std::string out;
    for (auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size()) out.append(widths[i] - row[i].size(), ' ');
        }
        out += "\n";
    }
    return out;
}

}  // namespace

Result<int> run_state(const Globals& globals, std::span<const std::string> words) {
    CommandFlags flags("state");
    auto state = TRY(runtime::load_state(globals.root, TRY(one_id(words, flags, "state"))));
    auto status = TRY(runtime::status_of(globals.root, state));
    TRY(print(dump(runtime::state_document(state, status), 2)));
    return 0;
}

Result<int> run_list(const Globals& globals, std::span<const std::string> words) {
    std::string format = "table";
    bool quiet = false;
    CommandFlags flags("list");
    flags.text(format, "format", 'f', "table or json");
    flags.boolean(quiet, "quiet", 'q', "Only the ids");
    TRY(flags.parse(words));
    auto rows = TRY(all_rows(globals));
    std::string text;
    if (quiet) {
        for (auto& row : rows)
            text += cat(row.state.id, "\n");
    } else if (format == "json") {
        Json list;
        for (auto& row : rows) {
            Json entry = runtime::state_document(row.state, row.status);
            list.push(entry.set("owner", owner_name(row.state.owner)));
        }
        text = cat(dump(list), "\n");
    } else if (format == "table") {
        std::vector<std::vector<std::string>> cells = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
        for (auto& [state, status] : rows)
            cells.push_back({state.id, cat(status == runtime::Status::stopped ? 0 : state.pid),
                             std::string(to_string(status)), state.bundle, state.created,
                             owner_name(state.owner)});
        text = table(cells);
    } else {
        return fail(ErrorKind::invalid_argument, "invalid format option");
    }
    TRY(print(text));
    return 0;
}

Result<int> run_ps(const Globals& globals, std::span<const std::string> words) {
    std::string format = "table";
    CommandFlags flags("ps");
    flags.text(format, "format", 'f', "table or json");
    auto arguments = TRY(flags.parse(words, cli::FlagSet::Interspersed::no));
    if (arguments.empty())
        return fail(ErrorKind::invalid_argument, "tare-oci: \"ps\" requires a minimum of 1 argument(s)");
    auto state = TRY(runtime::load_state(globals.root, arguments.front()));
    auto pids = TRY(cgroup::Cgroup::open(state.cgroup_paths).processes());
    if (format == "json") {
        Json list;
        for (pid_t pid : pids)
            list.push(pid);
        TRY(print(cat(dump(list), "\n")));
        return 0;
    }
    posix::Pipe output = TRY(posix::make_pipe());
    std::vector<std::string> args = {"ps"};
    args.insert(args.end(), arguments.begin() + 1, arguments.end());
    if (args.size() == 1) args.emplace_back("-ef");
    auto ps = TRY(posix::spawn({.program = "/bin/ps",
                                .args = args,
                                .env = {"PATH=/usr/bin:/bin"},
                                .descriptors = {{output.write_end.get(), 1}, {2, 2}}}));
    output.write_end.reset();
    std::string text = TRY(posix::read_to_end(output.read_end.get(), std::size_t{16} << 20));
    TRY(ps.wait());
    auto lines = split(text, '\n');
    auto header = split_words(lines.front());
    auto column = std::ranges::find(header, "PID") - header.begin();
    if (static_cast<std::size_t>(column) == header.size())
        return fail(ErrorKind::failed_precondition, "couldn't find PID field in ps output");
    std::string kept = cat(lines.front(), "\n");
    for (std::size_t i = 1; i < lines.size(); ++i) {
        auto fields = split_words(lines[i]);
        if (fields.size() <= static_cast<std::size_t>(column)) continue;
        auto pid = parse_integer<pid_t>(fields[static_cast<std::size_t>(column)]);
        if (pid && std::ranges::find(pids, *pid) != pids.end()) kept += cat(lines[i], "\n");
    }
    TRY(print(kept));
    return 0;
}

Result<int> run_spec(const Globals&, std::span<const std::string> words) {
    std::string bundle = ".";
    bool rootless = false;
    CommandFlags flags("spec");
    flags.text(bundle, "bundle", 'b', "Directory of the bundle");
    flags.boolean(rootless, "rootless", 0, "For an unprivileged user");
    TRY(flags.parse(words));
    std::string path = cat(bundle, "/config.json");
    if (posix::exists(path))
        return fail(ErrorKind::already_exists, "File config.json exists. Remove it first");
    auto spec = runtime::default_spec();
    if (rootless) {
        auto& section = spec.linux_section;
        std::erase_if(section.namespaces,
                      [](auto& entry) { return entry.kind == oci::NamespaceKind::network; });
        section.namespaces.push_back({oci::NamespaceKind::user, ""});
        section.uid_mappings = {{0, static_cast<std::uint32_t>(posix::effective_user()), 1}};
        section.gid_mappings = {{0, static_cast<std::uint32_t>(posix::effective_group()), 1}};
        section.resources = {};
    }
    TRY(posix::write_file_atomic(path, cat(dump(oci::to_json(spec), 4), "\n"), 0644));
    return 0;
}

namespace {

/// A flag for a number that the resources may hold; one that does not fit is refused.
template <class Target, class Parse>
void resource_flag(cli::FlagSet& flags, std::string_view name, std::optional<Target>& target,
                   std::string_view help, Parse parse) {
    flags.custom(name, 0, "int", help, [&target, name, parse](std::string_view text) -> Result<> {
        const std::int64_t value = TRY(parse(text));
        if (!std::in_range<Target>(value))
            return fail(ErrorKind::invalid_argument, "--", name, ": ", text, " is out of range");
        target = static_cast<Target>(value);
        return {};
    });
}

void define(cli::FlagSet& flags, oci::LinuxResources& resources) {
    auto number = [&](std::string_view name, auto& target, std::string_view help) {
        resource_flag(flags, name, target, help, cli::parse_int64);
    };
    auto bytes = [&](std::string_view name, auto& target, std::string_view help) {
        resource_flag(flags, name, target, help, [](std::string_view text) -> Result<std::int64_t> {
            return text == "-1" ? Result<std::int64_t>(-1) : cli::parse_size(text);
        });
    };
    bytes("memory", resources.memory.limit, "Memory limit (512M), -1 for none");
    bytes("memory-reservation", resources.memory.reservation, "Soft limit");
    bytes("memory-swap", resources.memory.swap, "Memory plus swap");
    bytes("kernel-memory", resources.memory.kernel, "Kernel memory");
    flags.last().is_hidden = true;
    bytes("kernel-memory-tcp", resources.memory.kernel_tcp, "Memory of TCP buffers");
    flags.last().is_hidden = true;
    number("cpu-share", resources.cpu.shares, "CPU shares");
    number("cpu-quota", resources.cpu.quota, "Microseconds a period");
    number("cpu-period", resources.cpu.period, "Microseconds");
    number("cpu-burst", resources.cpu.burst, "Microseconds");
    number("cpu-rt-period", resources.cpu.realtime_period, "Microseconds of a real-time period");
    number("cpu-rt-runtime", resources.cpu.realtime_runtime, "Microseconds of a real-time period to run in");
    number("cpu-idle", resources.cpu.idle, "SCHED_IDLE");
    number("pids-limit", resources.pids_limit, "Number of processes");
    number("blkio-weight", resources.block_io.weight, "10 to 1000");
    flags.text(resources.cpu.cpus, "cpuset-cpus", 0, "Processors");
    flags.text(resources.cpu.mems, "cpuset-mems", 0, "Memory nodes");
}

}  // namespace

Result<int> run_update(const Globals& globals, std::span<const std::string> words) {
    std::string file;
    oci::LinuxResources resources;
    CommandFlags flags("update");
    flags.text(file, "resources", 'r', "File with resources as JSON, - for standard input");
    define(flags, resources);
    std::string id = TRY(one_id(words, flags, "update"));
    auto state = TRY(runtime::load_state(globals.root, id));
    if (TRY(runtime::status_of(globals.root, state)) == runtime::Status::stopped)
        return fail(ErrorKind::failed_precondition, "container not running");
    if (!file.empty()) {
        constexpr std::size_t limit = std::size_t{8} << 20;
        std::string text = file == "-" ? TRY(posix::read_to_end(0, limit)) : TRY(posix::read_file(file, limit));
        Json document = TRY(parse_json(text, {.what = "resources"}));
        resources = TRY(oci::parse_resources(JsonView(document, "resources")));
    }
    auto group = cgroup::Cgroup::open(state.cgroup_paths);
    TRY(group.set(resources, cgroup::Cgroup::Devices::keep));
    TRY(group.verify(resources));
    return 0;
}

}  // namespace tare::oci_command
