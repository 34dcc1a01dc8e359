#include "engine/supervisor/etc_files.h"

#include "engine/network/container_files.h"
#include "posix/file.h"

namespace tare::supervisor {

namespace {

constexpr std::size_t kHostFileLimitBytes = std::size_t{1} << 20;
// Read by whatever user the container runs as.
constexpr mode_t kMode = 0644;

Result<std::string> hosts_file(const container::Container& container, const network::Attachment& attachment,
                               network::Ipv4 host_gateway) {
    std::vector<network::HostEntry> extra;
    for (const std::string& entry : container.host_config.extra_hosts)
        extra.push_back(TRY(network::parse_extra_host(entry, host_gateway)));
    if (container.host_config.network_mode == "host") {
        std::string text = posix::read_file("/etc/hosts", kHostFileLimitBytes).value_or("");
        for (const network::HostEntry& entry : extra)
            text += cat(entry.address, "\t", entry.names, "\n");
        return text;
    }
    std::vector<std::string> addresses;
    for (const network::Endpoint& endpoint : attachment.endpoints)
        addresses.push_back(endpoint.address.text());
    return network::render_hosts(container.config.hostname, container.config.domainname, addresses, extra);
}

}  // namespace

Result<> write_etc_files(const container::Container& container, const network::Attachment& attachment,
                         network::Ipv4 host_gateway) {
    TRY(posix::write_file_atomic(container.hostname_path, network::render_hostname(container.config.hostname),
                                 kMode));
    TRY(posix::write_file_atomic(container.hosts_path, TRY(hosts_file(container, attachment, host_gateway)),
                                 kMode));
    const container::HostConfig& host_config = container.host_config;
    return posix::write_file_atomic(
        container.resolv_conf_path,
        network::render_resolv_conf(network::read_host_resolv_conf(), {.nameservers = host_config.dns,
                                                                       .search = host_config.dns_search,
                                                                       .options = host_config.dns_options}),
        kMode);
}

}  // namespace tare::supervisor
