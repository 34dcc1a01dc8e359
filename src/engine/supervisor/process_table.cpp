#include "engine/supervisor/process_table.h"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <unistd.h>

#include "posix/file.h"
#include "posix/process.h"

namespace tare::supervisor {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kFileLimitBytes = 64 * 1024;
constexpr std::size_t kOutputLimitBytes = std::size_t{4} << 20;

/// What "-ef" shows of a process.
struct Row {
    std::string uid = "0";
    std::string pid;
    std::string parent;
    std::uint64_t cpu_ticks = 0;
    std::uint64_t start_ticks = 0;
    std::string terminal = "?";
    std::string command;
};

std::string command_of(const std::string& directory, std::string_view name) {
    std::string line = posix::read_file(directory + "/cmdline", kFileLimitBytes).value_or("");
    while (!line.empty() && line.back() == '\0')
        line.pop_back();
    std::replace(line.begin(), line.end(), '\0', ' ');
    return line.empty() ? cat("[", name, "]") : line;
}

std::string terminal_of(std::uint64_t device) {
    if (device == 0) return "?";
    const std::uint64_t major = (device >> 8) & 0xfff;
    const std::uint64_t minor = (device & 0xff) | ((device >> 12) & 0xfff00);
    if (major >= 136 && major <= 143) return cat("pts/", (major - 136) * 256 + minor);
    return "?";
}

std::optional<Row> read_row(pid_t pid) {
    const std::string directory = cat("/proc/", pid);
    auto stat = posix::read_file(directory + "/stat", kFileLimitBytes);
    if (!stat) return std::nullopt;
    // The name is in parentheses and may hold any character.
    const std::size_t open = stat->find('(');
    const std::size_t close = stat->rfind(')');
    if (open == std::string::npos || close == std::string::npos) return std::nullopt;
    const auto fields = split_words(std::string_view(*stat).substr(close + 1));
    if (fields.size() < 20) return std::nullopt;
    auto number = [&](std::size_t index) { return parse_integer<std::uint64_t>(fields[index]).value_or(0); };
    Row row{.pid = cat(pid), .parent = std::string(fields[1])};
    row.terminal = terminal_of(number(4));
    row.cpu_ticks = number(11) + number(12);
    row.start_ticks = number(19);
    row.command = command_of(directory, std::string_view(*stat).substr(open + 1, close - open - 1));
    auto status = posix::read_file(directory + "/status", kFileLimitBytes).value_or("");
    if (std::size_t line = status.find("\nUid:"); line != std::string::npos) {
        const auto words = split_words(std::string_view(status).substr(line + 5));
        if (words.size() > 1) row.uid = words[1];
    }
    return row;
}

/// The name of a user of the host, where it has one: ids are shown as ps shows them.
std::string user_name(const std::string& uid) {
    const std::string file = posix::read_file("/etc/passwd", std::size_t{1} << 20).value_or("");
    for (std::string_view line : split(file, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() > 2 && fields[2] == uid) return std::string(fields[0]);
    }
    return uid;
}

std::string clock_text(const char* format, std::time_t time) {
    std::tm parts{};
    ::localtime_r(&time, &parts);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

std::string cpu_text(std::uint64_t seconds) {
    auto two = [](std::uint64_t value) { return cat(value < 10 ? "0" : "", value); };
    return cat(two(seconds / 3600), ":", two(seconds / 60 % 60), ":", two(seconds % 60));
}

double seconds_since_boot() {
    const std::string text = posix::read_file("/proc/uptime", 256).value_or("0");
    double seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return seconds;
}

ProcessTable full_table(const std::vector<pid_t>& pids) {
    const auto tick = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    const double uptime = seconds_since_boot();
    ProcessTable table{.titles = {"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}};
    for (pid_t pid : pids) {
        auto row = read_row(pid);
        if (!row) continue;
        const double age =
            std::max(0.0, uptime - static_cast<double>(row->start_ticks) / static_cast<double>(tick));
        const std::time_t started = std::time(nullptr) - static_cast<std::time_t>(age);
        const std::uint64_t cpu = row->cpu_ticks / tick;
        const auto share = static_cast<std::uint64_t>(age >= 1 ? static_cast<double>(cpu) * 100 / age : 0);
        table.processes.push_back({user_name(row->uid), row->pid, row->parent,
                                   cat(std::min<std::uint64_t>(share, 99)),
                                   clock_text(age > 86400 ? "%b%d" : "%H:%M", started), row->terminal,
                                   cpu_text(cpu), row->command});
    }
    return table;
}

Result<std::string> run_ps(const std::vector<std::string_view>& words) {
    std::string program;
    for (const char* candidate : {"/usr/bin/ps", "/bin/ps"})
        if (program.empty() && posix::exists(candidate)) program = candidate;
    if (program.empty())
        return fail(
            ErrorKind::failed_precondition,
            "top: these options need the host's ps, which is not installed; without options it works");
    posix::SpawnOptions options{.program = program, .args = {"ps"}, .env = {"LC_ALL=C"}};
    options.args.insert(options.args.end(), words.begin(), words.end());
    auto pipe = TRY(posix::make_pipe());
    options.descriptors = {{pipe.write_end.get(), 1}, {pipe.write_end.get(), 2}};
    auto process = TRY(posix::spawn(options));
    pipe.write_end.reset();
    auto output = posix::read_to_end(pipe.read_end.get(), kOutputLimitBytes);
    pipe.read_end.reset();
    auto status = process.wait(Deadline::after(10s));
    if (!status) {
        // It is ours and not wanted any more.
        (void)process.kill(SIGKILL);
        TRY(process.wait());
        return std::move(status.error());
    }
    if (!output) return output;
    if (status->shell_code() != 0)
        return fail(ErrorKind::invalid_argument, "ps: exit status ", status->shell_code(), ": ",
                    trim(*output));
    return output;
}

}  // namespace

Result<ProcessTable> process_table(const std::vector<pid_t>& pids, std::string_view ps_args) {
    const auto words = split_words(ps_args);
    if (words.empty() || (words.size() == 1 && words.front() == "-ef")) return full_table(pids);
    for (std::string_view word : words)
        if (!std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 127; }))
            return fail(ErrorKind::invalid_argument, "invalid ps option ", quote(word));
    return parse_ps(TRY(run_ps(words)), pids);
}

Result<ProcessTable> parse_ps(std::string_view output, const std::vector<pid_t>& pids) {
    const auto lines = split(output, '\n');
    ProcessTable table;
    for (std::string_view title : split_words(lines.front()))
        table.titles.emplace_back(title);
    const auto column = std::find(table.titles.begin(), table.titles.end(), "PID");
    if (column == table.titles.end())
        return fail(ErrorKind::invalid_argument, "Couldn't find PID field in ps output");
    const auto index = static_cast<std::size_t>(column - table.titles.begin());
    for (std::string_view line : std::span(lines).subspan(1)) {
        const auto words = split_words(line);
        if (words.size() <= index) continue;
        auto pid = parse_integer<pid_t>(words[index]);
        if (!pid || std::find(pids.begin(), pids.end(), *pid) == pids.end()) continue;
        // The last column is the command with its arguments.
        std::vector<std::string> row(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                        words.size(), table.titles.size())));
        for (std::size_t i = table.titles.size(); i < words.size(); ++i)
            row.back() += cat(" ", words[i]);
        table.processes.push_back(std::move(row));
    }
    return table;
}

}  // namespace tare::supervisor
