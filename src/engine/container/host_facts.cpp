#include "engine/container/host_facts.h"

#include <algorithm>

#include "base/text.h"
#include "oci/platform.h"
#include "posix/cpu_list.h"
#include "posix/credentials.h"
#include "posix/file.h"

namespace tare::container {

namespace {

constexpr std::size_t kFileBytes = std::size_t{1} << 20;

std::string content_of(const std::string& path) {
    auto text = posix::read_file(path, kFileBytes);
    return text ? std::string(trim(*text)) : std::string();
}

std::uint64_t memory_bytes() {
    const std::string meminfo = content_of("/proc/meminfo");
    for (std::string_view line : split(meminfo, '\n')) {
        auto words = split_words(line);
        if (words.size() >= 2 && words[0] == "MemTotal:")
            return parse_integer<std::uint64_t>(words[1]).value_or(0) * 1024;
    }
    return 0;
}

std::vector<std::string> thermal_throttle_paths(unsigned cpus) {
    std::vector<std::string> paths;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
        std::string path = cat("/sys/devices/system/cpu/cpu", cpu, "/thermal_throttle");
        if (posix::exists(path)) paths.push_back(std::move(path));
    }
    return paths;
}

bool is_one(const std::string& path) {
    const std::string text = content_of(path);
    return text == "1" || text == "Y";
}

void read_cgroup_facts(HostFacts& facts) {
    const std::string root = "/sys/fs/cgroup/";
    facts.is_cgroup_v2 = posix::exists(cat(root, "cgroup.controllers"));
    facts.is_cgroup_hybrid = !facts.is_cgroup_v2 && posix::exists(cat(root, "unified/cgroup.controllers"));
    if (facts.is_cgroup_v2) {
        // Swap accounting shows itself in groups other than the root one; every v2 kernel since 5.8 has it
        // unless it was built without.
        facts.has_swap_limit = posix::exists("/proc/swaps");
        const std::string controllers = content_of(cat(root, "cgroup.controllers"));
        auto words = split_words(controllers);
        facts.has_hugetlb = std::ranges::find(words, "hugetlb") != words.end();
    } else {
        facts.has_swap_limit = posix::exists(cat(root, "memory/memory.memsw.limit_in_bytes"));
        facts.has_hugetlb = posix::exists(cat(root, "hugetlb"));
    }
    const std::string cpuset = facts.is_cgroup_v2 ? root : cat(root, "cpuset/");
    const std::string suffix = facts.is_cgroup_v2 ? ".effective" : "";
    facts.cpuset_cpus = content_of(cat(cpuset, "cpuset.cpus", suffix));
    facts.cpuset_mems = content_of(cat(cpuset, "cpuset.mems", suffix));
}

}  // namespace

HostFacts read_host_facts() {
    HostFacts facts;
    facts.architecture = oci::host_platform().architecture;
    facts.kernel_release = content_of("/proc/sys/kernel/osrelease");
    facts.hostname = content_of("/proc/sys/kernel/hostname");
    if (auto online = posix::parse_cpu_list(content_of("/sys/devices/system/cpu/online"));
        online && !online->empty())
        facts.cpus = static_cast<unsigned>(online->size());
    facts.memory_bytes = memory_bytes();
    facts.capabilities = posix::bounding_set();
    read_cgroup_facts(facts);
    facts.thermal_throttle_paths = thermal_throttle_paths(facts.cpus);
    facts.has_apparmor =
        is_one("/sys/module/apparmor/parameters/enabled") && posix::exists("/sys/kernel/security/apparmor");
    facts.has_selinux = posix::exists("/sys/fs/selinux/enforce");
    return facts;
}

}  // namespace tare::container
