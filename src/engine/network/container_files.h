#pragma once

// What stands in a container's /etc/hosts, /etc/resolv.conf and /etc/hostname. Functions of their
// arguments; the caller writes the files.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/network/address.h"

namespace tare::network {

/// A line of /etc/hosts.
struct HostEntry {
    std::string address;  ///< IPv4 or IPv6
    std::string names;    ///< "web web.example"
};

/// Docker's file: loopback names, `extra` in its order, then a line for the container's own address.
/// `address` empty: no line (no network).
std::string render_hosts(std::string_view hostname, std::string_view domainname,
                         const std::vector<std::string>& addresses, const std::vector<HostEntry>& extra);

/// "name:address" of --add-host ("name=address" too) as an entry; the address may be in brackets, and
/// "host-gateway" stands for `host_gateway`. invalid_argument for anything else.
Result<HostEntry> parse_extra_host(std::string_view text, Ipv4 host_gateway);

/// --dns, --dns-search, --dns-opt. Empty lists: the host's.
struct ResolverOptions {
    std::vector<std::string> nameservers;
    std::vector<std::string> search;  ///< {"."}: none
    std::vector<std::string> options;
};

/// /etc/resolv.conf out of the host's. Nameservers on the host's loopback cannot be reached from a
/// container and are left out, IPv6 ones too; where none is left, Google's public ones stand in, as Docker
/// does.
std::string render_resolv_conf(std::string_view host_file, const ResolverOptions& options);
/// The host's own file; that of systemd-resolved (/run/systemd/resolve/resolv.conf) where the former
/// names only its stub 127.0.0.53. Empty if there is none.
std::string read_host_resolv_conf();

/// invalid_argument unless each is an address (nameservers).
Result<> check_nameservers(const std::vector<std::string>& nameservers);

inline std::string render_hostname(std::string_view hostname) {
    return std::string(hostname) + "\n";
}

}  // namespace tare::network
