#include "cli/common/go_format.h"
#include "cli/common/resource_spec.h"
#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/daemon.h"
#include "cli/docker/each_name.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

struct Options {
    std::uint64_t blkio_weight = 0;
    std::int64_t cpu_period = 0, cpu_quota = 0, cpu_rt_period = 0, cpu_rt_runtime = 0, cpu_shares = 0,
                 nano_cpus = 0;
    std::int64_t memory = 0, memory_reservation = 0, memory_swap = 0, kernel_memory = 0, pids_limit = 0;
    std::string cpuset_cpus, cpuset_mems, restart;
};

void define(FlagSet& flags, Options& options) {
    flags.unsigned_integer(options.blkio_weight, "blkio-weight", 0,
                           "Relative weight of block I/O, 10 to 1000, 0 for none", 65535, "uint16");
    flags.integer(options.cpu_period, "cpu-period", 0, "Period of the CPU quota in microseconds");
    flags.integer(options.cpu_quota, "cpu-quota", 0, "CPU time a period in microseconds");
    flags.integer(options.cpu_rt_period, "cpu-rt-period", 0, "Period of the real-time quota in microseconds");
    flags.integer(options.cpu_rt_runtime, "cpu-rt-runtime", 0, "Real-time CPU time a period in microseconds");
    flags.integer(options.cpu_shares, "cpu-shares", 'c', "Relative weight of CPU time");
    flags.custom("cpus", 0, "decimal", "Number of CPUs, with fraction",
                 [&options](std::string_view text) -> Result<> {
                     options.nano_cpus = TRY(parse_cpus(text));
                     return {};
                 });
    flags.text(options.cpuset_cpus, "cpuset-cpus", 0, "CPUs to run on (0-3, 0,1)");
    flags.text(options.cpuset_mems, "cpuset-mems", 0, "Memory nodes to use (0-3, 0,1)");
    flags.size(options.kernel_memory, "kernel-memory", 0, "Limit of kernel memory").is_hidden = true;
    flags.size(options.memory, "memory", 'm', "Limit of memory");
    flags.size(options.memory_reservation, "memory-reservation", 0, "Soft limit of memory");
    flags.custom("memory-swap", 0, "bytes", "Limit of memory and swap together, -1 for none",
                 [&options](std::string_view text) -> Result<> {
                     options.memory_swap = TRY(parse_memory_swap(text));
                     return {};
                 });
    flags.integer(options.pids_limit, "pids-limit", 0, "Limit of processes, -1 for none");
    flags
        .text(options.restart, "restart", 0,
              "When to start it again: no, always, unless-stopped, on-failure[:MAX]")
        .completion = "no|always|unless-stopped|on-failure";
}

Result<Json> request_of(const Options& options) {
    Json body = Json::object();
    body.set("BlkioWeight", options.blkio_weight)
        .set("CpusetCpus", options.cpuset_cpus)
        .set("CpusetMems", options.cpuset_mems);
    body.set("CpuShares", options.cpu_shares)
        .set("Memory", options.memory)
        .set("MemoryReservation", options.memory_reservation);
    body.set("MemorySwap", options.memory_swap)
        .set("CpuPeriod", options.cpu_period)
        .set("CpuQuota", options.cpu_quota);
    body.set("CpuRealtimePeriod", options.cpu_rt_period).set("CpuRealtimeRuntime", options.cpu_rt_runtime);
    body.set("NanoCpus", options.nano_cpus);
    if (options.kernel_memory != 0) body.set("KernelMemory", options.kernel_memory);
    if (options.pids_limit != 0) body.set("PidsLimit", options.pids_limit);
    if (!options.restart.empty()) body.set("RestartPolicy", TRY(parse_restart_policy(options.restart)));
    return body;
}

}  // namespace

Result<int> update(Invocation& call) {
    Options options;
    define(call.flags, options);
    if (!call.parse()) return call.exit_code();
    bool any = false;
    for (const Flag& flag : call.flags.flags())
        any = any || flag.is_set;
    if (!any)
        return fail(ErrorKind::invalid_argument,
                    "you must provide one or more flags when using this command");
    Json body = TRY(request_of(options));
    Daemon daemon(call.settings);
    std::string warnings;
    std::string failures;
    for (const std::string& name : call.arguments) {
        auto answer = daemon.post(cat("/containers/", path_segment(name), "/update"), body);
        if (!answer) {
            failures += cat(answer.error().message(), '\n');
            continue;
        }
        print(cat(name, '\n'));
        for (const Json& warning : array_at(*answer, "Warnings"))
            warnings += cat(go_print(warning), '\n');
    }
    print(warnings);
    print_error(failures);
    return failures.empty() ? 0 : kExitFailure;
}

}  // namespace tare::cli::docker
