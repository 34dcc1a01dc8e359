#pragma once

// The options that limit or grant resources: --device, --ulimit, --cpus, block I/O, --restart, ….

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli {

/// `--device host[:container][:rwm]` as an element of HostConfig.Devices.
Result<Json> parse_device(std::string_view option);
/// `--device` naming a CDI device ("vendor/class=name").
bool is_cdi_device(std::string_view option);
/// `--device-cgroup-rule "c 1:3 rwm"`.
Result<std::string> parse_device_rule(std::string_view option);
/// `--ulimit name=soft[:hard]` as an element of HostConfig.Ulimits.
Result<Json> parse_ulimit(std::string_view option);
/// `--cpus 1.5` in billionths of a CPU.
Result<std::int64_t> parse_cpus(std::string_view option);
/// `--blkio-weight-device path:weight`.
Result<Json> parse_weight_device(std::string_view option);
/// `--device-read-bps path:rate` (a size) and `--device-read-iops path:rate` (a number).
enum class RateUnit { bytes, operations };
Result<Json> parse_throttle_device(std::string_view option, RateUnit unit);
/// `--restart name[:count]` as HostConfig.RestartPolicy.
Result<Json> parse_restart_policy(std::string_view option);
/// `--add-host name:ip` or `name=ip` in the API's spelling.
Result<std::string> parse_extra_host(std::string_view option);
/// `--dns 9.9.9.9`, trimmed.
Result<std::string> parse_dns_server(std::string_view option);
/// `--sysctl name=value`: of the namespaces that a container has of its own.
Result<std::string> parse_sysctl(std::string_view option);
/// A link "container:alias" or "container".
Result<std::string> parse_link(std::string_view option);
/// True for "01:23:45:67:89:ab" (also with '-').
bool is_mac_address(std::string_view text);
/// A memory size or -1 for unlimited.
Result<std::int64_t> parse_memory_swap(std::string_view option);

}  // namespace tare::cli
