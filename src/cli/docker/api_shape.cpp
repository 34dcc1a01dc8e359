#include "cli/docker/api_shape.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tare::cli::docker {

namespace {

// Names of the API's definitions, by what stands for "not there".
constexpr std::array<std::string_view, 24> kMaps = {
    "Annotations",  "Auths",        "Containers", "Data",        "DriverOpts", "EndpointsConfig",
    "ExposedPorts", "IndexConfigs", "Labels",     "LogOpts",     "Networks",   "Opt",
    "Options",      "PortBindings", "Ports",      "Runtimes",    "Status",     "StorageOpt",
    "Sysctls",      "Tmpfs",        "Volumes",    "annotations", "labels",     "options",
};
constexpr std::array<std::string_view, 57> kLists = {
    "Aliases",
    "Args",
    "Authorization",
    "Binds",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeightDevice",
    "CDISpecDirs",
    "CapAdd",
    "CapDrop",
    "Cmd",
    "ConsoleSize",
    "DNSNames",
    "DNSOptions",
    "DNSSearch",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "DriverStatus",
    "Entrypoint",
    "Env",
    "ExecIDs",
    "ExtraHosts",
    "GroupAdd",
    "InsecureRegistryCIDRs",
    "IpamConfig",
    "Layers",
    "LinkLocalIPs",
    "Links",
    "Log",
    "Manifests",
    "MaskedPaths",
    "Mirrors",
    "Mounts",
    "Names",
    "Network",
    "OnBuild",
    "Platforms",
    "ReadonlyPaths",
    "RepoDigests",
    "RepoTags",
    "SecondaryIPAddresses",
    "SecondaryIPv6Addresses",
    "SecurityOpt",
    "SecurityOptions",
    "Shell",
    "Test",
    "Ulimits",
    "URLs",
    "Volume",
    "VolumesFrom",
    "Warnings",
};
constexpr std::array<std::string_view, 14> kPointers = {
    "ConfigFrom",
    "ContainerConfig",
    "Descriptor",
    "Health",
    "Healthcheck",
    "IPAMConfig",
    "ImageManifestDescriptor",
    "Init",
    "MemorySwappiness",
    "OomKillDisable",
    "PidsLimit",
    "SizeRootFs",
    "SizeRw",
    "StopTimeout",
};
constexpr std::array<std::string_view, 26> kTexts = {
    "AppArmorProfile", "Author",       "CgroupParent",  "Comment",    "Container",  "ContainerIDFile",
    "CpusetCpus",      "CpusetMems",   "DockerVersion", "Domainname", "Error",      "Hostname",
    "HttpProxy",       "HttpsProxy",   "Isolation",     "MacAddress", "MountLabel", "NoProxy",
    "Parent",          "ProcessLabel", "Propagation",   "Runtime",    "StopSignal", "User",
    "Variant",         "VolumeDriver",
};
constexpr std::array<std::string_view, 8> kBooleans = {
    "ArgsEscaped",     "Dead",     "ExperimentalBuild", "NetworkDisabled", "NoCopy",
    "PublishAllPorts", "ReadOnly", "ReadonlyRootfs",
};
constexpr std::array<std::string_view, 10> kNumbers = {
    "BlkioWeight",       "CpuPeriod",  "CpuQuota", "CpuShares", "Memory",
    "MemoryReservation", "MemorySwap", "NanoCpus", "ShmSize",   "VirtualSize",
};

// Go's spelling and JSON's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kAliases{{
    {"ID", "Id"},
    {"DNS", "Dns"},
    {"DNSSearch", "DnsSearch"},
    {"DNSOptions", "DnsOptions"},
    {"CPUShares", "CpuShares"},
    {"CPUPeriod", "CpuPeriod"},
    {"CPUQuota", "CpuQuota"},
    {"CPURealtimePeriod", "CpuRealtimePeriod"},
    {"CPURealtimeRuntime", "CpuRealtimeRuntime"},
    {"CPUCount", "CpuCount"},
    {"CPUPercent", "CpuPercent"},
    {"NanoCPUs", "NanoCpus"},
    {"HostIP", "HostIp"},
    {"APIVersion", "ApiVersion"},
    {"HTTPProxy", "HttpProxy"},
    {"HTTPSProxy", "HttpsProxy"},
    {"CPUCfsPeriod", "CpuCfsPeriod"},
    {"CPUCfsQuota", "CpuCfsQuota"},
}};

template <std::size_t Size>
bool holds(const std::array<std::string_view, Size>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

Shape api_shape(std::string_view field) {
    if (holds(kMaps, field)) return Shape::map;
    if (holds(kLists, field)) return Shape::list;
    if (holds(kPointers, field)) return Shape::pointer;
    if (holds(kTexts, field)) return Shape::text;
    if (holds(kBooleans, field)) return Shape::boolean;
    if (holds(kNumbers, field)) return Shape::number;
    return Shape::unknown;
}

std::string_view api_alias(std::string_view field) {
    for (auto [name, json] : kAliases)
        if (name == field) return json;
    return {};
}

bool is_raw_name(std::string_view field) {
    return std::ranges::any_of(
        kAliases, [&](const auto& alias) { return alias.second == field && alias.first != field; });
}

}  // namespace tare::cli::docker
