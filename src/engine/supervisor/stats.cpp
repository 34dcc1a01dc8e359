#include "engine/supervisor/stats.h"

#include <unistd.h>

#include "engine/network/networks.h"
#include "engine/supervisor/supervisor_impl.h"
#include "posix/file.h"
#include "run/cgroup/cgroup.h"
#include "run/cgroup/hierarchies.h"

namespace tare::supervisor {

namespace {

constexpr std::size_t kFileLimitBytes = std::size_t{1} << 20;

/// The groups of a process, as directories: the container's own, whatever the layout.
Result<cgroup::Cgroup> group_of(pid_t pid) {
    const std::string own = TRY(posix::read_file(cat("/proc/", pid, "/cgroup"), kFileLimitBytes));
    const std::string mounts = TRY(posix::read_file("/proc/self/mountinfo", std::size_t{16} << 20));
    auto of_process = TRY(cgroup::Hierarchies::parse(mounts, own));
    cgroup::Cgroup::Paths paths;
    for (const cgroup::Hierarchy& hierarchy : of_process.all()) {
        const std::string directory = hierarchy.mount_point + hierarchy.own_path;
        if (hierarchy.is_v2) paths.emplace_back("", directory);
        for (const std::string& controller : hierarchy.controllers)
            paths.emplace_back(controller, directory);
    }
    return cgroup::Cgroup::open(std::move(paths));
}

/// The CPU time of all processes together, ns: the first line of /proc/stat without guests.
std::uint64_t system_cpu_ns() {
    const std::string text = posix::read_file("/proc/stat", kFileLimitBytes).value_or("");
    const auto words = split_words(split(text, '\n').front());
    std::uint64_t ticks = 0;
    for (std::size_t i = 1; i < words.size() && i <= 7; ++i)
        ticks += parse_integer<std::uint64_t>(words[i]).value_or(0);
    return ticks * (1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

InterfaceUse use_of(const network::Counters& counters) {
    return {.name = counters.interface,
            .received_bytes = counters.rx_bytes,
            .received_packets = counters.rx_packets,
            .received_errors = counters.rx_errors,
            .received_dropped = counters.rx_dropped,
            .sent_bytes = counters.tx_bytes,
            .sent_packets = counters.tx_packets,
            .sent_errors = counters.tx_errors,
            .sent_dropped = counters.tx_dropped};
}

}  // namespace

Result<Stats> Supervisor::stats(const std::string& name_or_id) {
    ContainerRef container = TRY(impl_->find(name_or_id));
    Stats stats{.read_at = now(), .id = container->id, .name = container->name};
    if (!container->state.is_running()) return stats;
    auto group = group_of(container->state.pid);
    // It may have ended between the two.
    auto use = group ? cgroup::read_stats(*group) : Result<cgroup::Stats>(group.error());
    if (!use) return stats;
    stats.running = true;
    stats.group = std::move(*use);
    stats.system_cpu_ns = system_cpu_ns();
    stats.online_cpus = impl_->parts.host.cpus;
    for (const network::Counters& counters :
         TRY(impl_->parts.networks.counters(impl_->full_name(*container))))
        stats.interfaces.push_back(use_of(counters));
    return stats;
}

}  // namespace tare::supervisor
