#include "cli/docker/create_options.h"

#include "cli/common/key_value.h"
#include "cli/common/mount_spec.h"
#include "cli/common/network_spec.h"
#include "cli/common/resource_spec.h"

namespace tare::cli::docker {

namespace {

// A list whose entries are checked, and perhaps rewritten, as they are given.
void checked_list(FlagSet& flags, std::vector<std::string>& target, std::string_view name, char shorthand,
                  std::string_view help, Result<std::string> (*check)(std::string_view)) {
    flags.custom(name, shorthand, "list", help, [&target, check](std::string_view text) -> Result<> {
        target.push_back(TRY(check(text)));
        return {};
    });
}

// A list whose entries must be readable as JSON by `parse`; kept as written.
template <class Parse>
void parsed_list(FlagSet& flags, std::vector<std::string>& target, std::string_view name,
                 std::string_view type, std::string_view help, Parse parse) {
    flags.custom(name, 0, type, help, [&target, parse](std::string_view text) -> Result<> {
        TRY(parse(text));
        target.emplace_back(text);
        return {};
    });
}

Result<std::string> check_attach(std::string_view text) {
    std::string stream = to_lower(text);
    if (stream == "stdin" || stream == "stdout" || stream == "stderr") return stream;
    return fail(ErrorKind::invalid_argument, "valid streams are STDIN, STDOUT and STDERR");
}

Result<std::string> check_env(std::string_view text) {
    return resolve_environment_option(text, environment);
}

Result<std::string> check_label(std::string_view text) {
    if (cut(text, '=').before.empty())
        return fail(ErrorKind::invalid_argument, "invalid label '", text, "': empty name");
    return std::string(text);
}

void define_process_flags(FlagSet& flags, CreateOptions& options) {
    checked_list(flags, options.attach, "attach", 'a', "Connect to STDIN, STDOUT or STDERR", check_attach);
    flags.text(options.entrypoint, "entrypoint", 0, "Program to run instead of the image's");
    checked_list(flags, options.env, "env", 'e', "Set a variable of the environment", check_env);
    flags.list(options.env_files, "env-file", 0, "Read variables of the environment from a file").completion =
        "file";
    flags.text(options.hostname, "hostname", 'h', "Host name of the container");
    flags.text(options.domainname, "domainname", 0, "NIS domain name of the container");
    flags.boolean(options.interactive, "interactive", 'i', "Keep standard input open");
    flags.boolean(options.tty, "tty", 't', "Give it a terminal");
    flags.text(options.user, "user", 'u', "Name or id of the user, with group: USER[:GROUP]");
    flags.text(options.working_directory, "workdir", 'w', "Working directory");
    flags.text(options.stop_signal, "stop-signal", 0, "Signal that asks it to end");
    flags.integer(options.stop_timeout, "stop-timeout", 0, "Seconds to wait for the end before killing");
    flags.boolean(options.init, "init", 0, "Put an init before it that forwards signals and reaps processes");
}

void define_identity_flags(FlagSet& flags, CreateOptions& options) {
    flags.text(options.name, "name", 0, "Name of the container");
    flags.text(options.cid_file, "cidfile", 0, "Write the container's id into this file").completion = "file";
    flags.text(options.platform, "platform", 0, "Platform of the image: os[/arch[/variant]]");
    flags.text(options.pull, "pull", 0, "Fetch the image: \"always\", \"missing\" or \"never\"").completion =
        "always|missing|never";
    flags.boolean(options.quiet, "quiet", 'q', "Do not show the progress of fetching");
    flags.text(options.runtime, "runtime", 0, "OCI runtime");
    checked_list(flags, options.labels, "label", 'l', "Label of the container", check_label);
    flags.list(options.label_files, "label-file", 0, "Read labels from a file").completion = "file";
    flags.list(options.annotations, "annotation", 0, "Annotation for the OCI runtime", "map");
    flags.boolean(options.skip_trust, "disable-content-trust", 0, "Do not verify signatures (notary)")
        .is_hidden = true;
    flags.boolean(options.auto_remove, "rm", 0,
                  "Remove the container with its anonymous volumes when it ends");
    flags.boolean(options.use_api_socket, "use-api-socket", 0, "Give the container the API's socket");
}

void define_file_flags(FlagSet& flags, CreateOptions& options) {
    flags.list(options.volumes, "volume", 'v',
               "Mount a directory of the host or a volume: [SOURCE:]TARGET[:OPTIONS]");
    flags.list(options.volumes_from, "volumes-from", 0, "Mount the volumes of this container").completion =
        "container";
    parsed_list(flags, options.mounts, "mount", "mount",
                "Mount a file system: type=bind|volume|tmpfs|image,source=…,target=…",
                [](std::string_view text) { return parse_mount(text, "/"); });
    flags.list(options.tmpfs, "tmpfs", 0, "Mount a tmpfs: TARGET[:OPTIONS]");
    flags.list(options.storage_options, "storage-opt", 0, "Option of the snapshotter");
    flags.text(options.volume_driver, "volume-driver", 0, "Driver of the container's volumes");
    flags.boolean(options.read_only, "read-only", 0, "Mount the root file system read-only");
    flags.size(options.shm_bytes, "shm-size", 0, "Size of /dev/shm");
}

void define_network_flags(FlagSet& flags, CreateOptions& options) {
    checked_list(flags, options.extra_hosts, "add-host", 0, "Line of /etc/hosts: NAME:IP", parse_extra_host);
    checked_list(flags, options.dns, "dns", 0, "DNS server", parse_dns_server);
    flags.list(options.dns_options, "dns-option", 0, "Option of resolv.conf");
    flags.list(options.dns_options, "dns-opt", 0, "Option of resolv.conf").is_hidden = true;
    flags.list(options.dns_search, "dns-search", 0, "DNS search domain");
    flags.list(options.expose, "expose", 0, "Port or range that the container listens on");
    flags.text(options.ipv4, "ip", 0, "IPv4 address");
    flags.text(options.ipv6, "ip6", 0, "IPv6 address");
    checked_list(flags, options.links, "link", 0, "Link to another container: NAME[:ALIAS]", parse_link);
    flags.list(options.link_local_ips, "link-local-ip", 0, "Link-local address");
    flags.text(options.mac_address, "mac-address", 0, "MAC address");
    for (std::string_view name : {"network", "net"}) {
        parsed_list(flags, options.networks, name, "network",
                    "Network: NAME, none, host, container:NAME or name=…,alias=…,ip=…", parse_network);
        Flag& flag = flags.last();
        flag.completion = "network";
        flag.is_hidden = name == "net";
    }
    for (std::string_view name : {"network-alias", "net-alias"})
        flags.list(options.network_aliases, name, 0, "Further name of the container in its network")
            .is_hidden = name == "net-alias";
    flags.list(options.publish, "publish", 'p',
               "Make a port reachable on the host: [[IP:]HOST:]CONTAINER[/PROTOCOL]");
    flags.boolean(options.publish_all, "publish-all", 'P',
                  "Make all exposed ports reachable on free ports of the host");
}

void define_right_flags(FlagSet& flags, CreateOptions& options) {
    flags.list(options.cap_add, "cap-add", 0, "Add a Linux capability");
    flags.list(options.cap_drop, "cap-drop", 0, "Take a Linux capability away");
    flags.text(options.cgroup_parent, "cgroup-parent", 0, "Parent of the container's cgroup");
    flags.text(options.cgroupns, "cgroupns", 0, "cgroup namespace: \"host\" or \"private\"").completion =
        "host|private";
    flags.list(options.devices, "device", 0, "Device of the host: HOST[:CONTAINER][:rwm]").completion =
        "file";
    checked_list(flags, options.device_rules, "device-cgroup-rule", 0,
                 "Rule of the device filter: \"c 1:3 rwm\"", parse_device_rule);
    flags.list(options.gpus, "gpus", 0, "GPUs of the host (CDI: use --device vendor.com/class=name)",
               "gpu-request");
    flags.list(options.group_add, "group-add", 0, "Further group of the process");
    flags.text(options.ipc, "ipc", 0, "IPC namespace: private, shareable, host, container:NAME");
    flags.text(options.isolation, "isolation", 0, "Kind of isolation (Windows)").is_hidden = true;
    flags.text(options.pid, "pid", 0, "PID namespace: host, container:NAME").completion = "host";
    flags.boolean(options.privileged, "privileged", 0, "All rights of the host");
    flags.list(options.security_options, "security-opt", 0,
               "seccomp=…, apparmor=…, no-new-privileges, label=…, systempaths=unconfined");
    checked_list(flags, options.sysctls, "sysctl", 0, "Kernel parameter of the container's namespaces",
                 parse_sysctl);
    flags.last().type = "map";
    flags.text(options.userns, "userns", 0, "User namespace: host").completion = "host";
    flags.text(options.uts, "uts", 0, "UTS namespace: host").completion = "host";
}

void define_cpu_flags(FlagSet& flags, CreateOptions& options) {
    flags.integer(options.cpu_count, "cpu-count", 0, "Number of CPUs (Windows)").is_hidden = true;
    flags.integer(options.cpu_percent, "cpu-percent", 0, "Share of the CPUs (Windows)").is_hidden = true;
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
}

void define_resource_flags(FlagSet& flags, CreateOptions& options) {
    flags.unsigned_integer(options.blkio_weight, "blkio-weight", 0,
                           "Relative weight of block I/O, 10 to 1000, 0 for none", 65535, "uint16");
    parsed_list(flags, options.blkio_weight_devices, "blkio-weight-device", "list",
                "Weight for one device: PATH:WEIGHT", parse_weight_device);
    auto bytes = [](std::string_view text) { return parse_throttle_device(text, RateUnit::bytes); };
    auto operations = [](std::string_view text) { return parse_throttle_device(text, RateUnit::operations); };
    parsed_list(flags, options.read_bps, "device-read-bps", "list", "Limit of bytes read a second: PATH:RATE",
                bytes);
    parsed_list(flags, options.read_iops, "device-read-iops", "list", "Limit of reads a second: PATH:RATE",
                operations);
    parsed_list(flags, options.write_bps, "device-write-bps", "list",
                "Limit of bytes written a second: PATH:RATE", bytes);
    parsed_list(flags, options.write_iops, "device-write-iops", "list", "Limit of writes a second: PATH:RATE",
                operations);
    flags.size(options.io_max_bandwidth, "io-maxbandwidth", 0, "Limit of the system drive (Windows)")
        .is_hidden = true;
    flags
        .unsigned_integer(options.io_max_iops, "io-maxiops", 0, "Limit of the system drive (Windows)",
                          UINT64_MAX, "uint")
        .is_hidden = true;
    flags.size(options.kernel_memory, "kernel-memory", 0, "Limit of kernel memory").is_hidden = true;
    flags.size(options.memory, "memory", 'm', "Limit of memory");
    flags.size(options.memory_reservation, "memory-reservation", 0, "Soft limit of memory");
    flags.custom("memory-swap", 0, "bytes", "Limit of memory and swap together, -1 for none",
                 [&options](std::string_view text) -> Result<> {
                     options.memory_swap = TRY(parse_memory_swap(text));
                     return {};
                 });
    flags.integer(options.swappiness, "memory-swappiness", 0, "How readily memory is swapped out, 0 to 100");
    flags.boolean(options.oom_kill_disable, "oom-kill-disable", 0, "Do not kill it when memory runs out");
    flags.integer(options.oom_score_adj, "oom-score-adj", 0,
                  "How readily the host kills it when memory runs out, -1000 to 1000");
    flags.integer(options.pids_limit, "pids-limit", 0, "Limit of processes, -1 for none");
    parsed_list(flags, options.ulimits, "ulimit", "ulimit", "Limit of the processes: NAME=SOFT[:HARD]",
                parse_ulimit);
}

void define_life_flags(FlagSet& flags, CreateOptions& options) {
    flags
        .text(options.restart, "restart", 0,
              "When to start it again: no, always, unless-stopped, on-failure[:MAX]")
        .completion = "no|always|unless-stopped|on-failure";
    flags.text(options.log_driver, "log-driver", 0, "Where its output goes").completion = "json-file|none";
    flags.list(options.log_options, "log-opt", 0, "Option of the log driver");
    flags.text(options.health_command, "health-cmd", 0, "Command that tells its health");
    flags.duration(options.health_interval, "health-interval", 0, "Time between two checks");
    flags.integer(options.health_retries, "health-retries", 0, "Failed checks that make it unhealthy");
    flags.duration(options.health_start_interval, "health-start-interval", 0,
                   "Time between two checks while it starts");
    flags.duration(options.health_start_period, "health-start-period", 0,
                   "Time to start, in which failed checks do not count");
    flags.duration(options.health_timeout, "health-timeout", 0, "Time that one check may take");
    flags.boolean(options.no_healthcheck, "no-healthcheck", 0, "Switch the image's health check off");
}

}  // namespace

void define_create_flags(FlagSet& flags, CreateOptions& options) {
    define_process_flags(flags, options);
    define_identity_flags(flags, options);
    define_file_flags(flags, options);
    define_network_flags(flags, options);
    define_right_flags(flags, options);
    define_cpu_flags(flags, options);
    define_resource_flags(flags, options);
    define_life_flags(flags, options);
}

}  // namespace tare::cli::docker
