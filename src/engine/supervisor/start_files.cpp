// /etc/hostname, /etc/hosts and /etc/resolv.conf of a container, written anew at each start.

#include <fcntl.h>

#include "engine/container/links.h"
#include "engine/network/container_files.h"
#include "engine/network/networks.h"
#include "engine/supervisor/supervisor_impl.h"
#include "posix/file.h"

namespace tare::supervisor {

namespace {

constexpr std::size_t kFileLimitBytes = std::size_t{1} << 20;

struct Files {
    std::string hosts;
    std::string resolv_conf;
};

Result<Files> render(const Container& container, const network::Attachment& attachment,
                     network::Ipv4 host_gateway, const std::vector<Linked>& links) {
    const container::HostConfig& asked = container.host_config;
    std::vector<network::HostEntry> extra;
    for (const std::string& text : asked.extra_hosts)
        extra.push_back(TRY(network::parse_extra_host(text, host_gateway)));
    for (const Linked& link : links)
        extra.push_back(
            {.address = link.address, .names = container::link_host_names(*link.source, link.alias)});
    std::vector<std::string> addresses;
    for (const network::Endpoint& endpoint : attachment.endpoints)
        addresses.push_back(endpoint.address.text());
    return Files{.hosts = network::render_hosts(container.config.hostname, container.config.domainname,
                                                addresses, extra),
                 .resolv_conf = network::render_resolv_conf(
                     network::read_host_resolv_conf(),
                     {.nameservers = asked.dns, .search = asked.dns_search, .options = asked.dns_options})};
}

/// In the host's network the host's own files are right, with what was asked for added.
Result<Files> copy_of_host(const Container& container, network::Ipv4 host_gateway) {
    Files files{.hosts = posix::read_file("/etc/hosts", kFileLimitBytes).value_or(""),
                .resolv_conf = posix::read_file("/etc/resolv.conf", kFileLimitBytes).value_or("")};
    for (const std::string& text : container.host_config.extra_hosts) {
        const network::HostEntry entry = TRY(network::parse_extra_host(text, host_gateway));
        files.hosts += cat(entry.address, "\t", entry.names, "\n");
    }
    return files;
}

Result<Files> copy_of(const Container& other) {
    Files files;
    files.hosts = TRY(posix::read_file(other.hosts_path, kFileLimitBytes));
    files.resolv_conf = TRY(posix::read_file(other.resolv_conf_path, kFileLimitBytes));
    return files;
}

/// Not synced: the next start writes it again.
Result<> write(const std::string& path, std::string_view text) {
    posix::Fd file = TRY(posix::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
    return posix::write_all(file.get(), text);
}

}  // namespace

Result<> Supervisor::Impl::write_container_files(const Container& container,
                                                 const network::Attachment& attachment,
                                                 const network::Mode& mode) {
    Files files;
    if (auto other = container::container_of_mode(container.host_config.network_mode)) {
        files = TRY(copy_of(*TRY(find(std::string(*other)))));
    } else {
        const network::Ipv4 gateway = TRY(parts.networks.host_gateway());
        files = TRY(mode.kind == network::Mode::Kind::host
                        ? copy_of_host(container, gateway)
                        : render(container, attachment, gateway, TRY(linked(container))));
    }
    TRY(write(container.hostname_path, network::render_hostname(container.config.hostname)));
    TRY(write(container.hosts_path, files.hosts));
    return write(container.resolv_conf_path, files.resolv_conf);
}

}  // namespace tare::supervisor
