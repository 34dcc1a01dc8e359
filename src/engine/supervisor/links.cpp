// `--link` at the start of a container, in an exec, and when the container that is linked to starts again.

#include "engine/container/links.h"

#include <fcntl.h>

#include "base/log.h"
#include "engine/supervisor/supervisor_impl.h"
#include "posix/file.h"

namespace tare::supervisor {

namespace {

constexpr std::size_t kHostsLimitBytes = std::size_t{1} << 20;

/// Links are a matter of the default bridge: dockerd passes over them in mode "none".
bool has_links(const Container& container) {
    return !container.host_config.links.empty() && container.host_config.network_mode == "bridge" &&
           !container.config.network_disabled;
}

/// Replaces what is there, never the file: it is mounted in the container.
Result<> rewrite_hosts(const std::string& path, const std::string& alias, const std::string& address) {
    const std::string hosts = TRY(posix::read_file(path, kHostsLimitBytes));
    const std::string changed = container::with_link_address(hosts, alias, address);
    if (changed == hosts) return {};
    posix::Fd file = TRY(posix::open_file(path, O_WRONLY | O_TRUNC | O_NOFOLLOW));
    return posix::write_all(file.get(), changed);
}

}  // namespace

Result<std::vector<Linked>> Supervisor::Impl::linked(const Container& container) {
    std::vector<Linked> all;
    if (!has_links(container)) return all;
    for (const std::string& text : container.host_config.links) {
        const container::Link link = TRY(container::parse_link(text));
        auto source = find(link.container);
        const std::string name = source ? (*source)->name : link.container.substr(0, 12);
        if (!source || !(*source)->state.is_running())
            return fail(ErrorKind::failed_precondition, "Cannot link to a non running container: /", name,
                        " AS /", container.name, "/", link.alias);
        std::string address = container::bridge_address(**source);
        if (address.empty())
            return fail(ErrorKind::failed_precondition, "Cannot link to /", name,
                        ", as it does not belong to the default network");
        all.push_back({.source = *source, .alias = link.alias, .address = std::move(address)});
    }
    return all;
}

container::Strings Supervisor::Impl::link_environment(const Container& container,
                                                      const std::vector<Linked>& links) {
    container::Strings env;
    for (const Linked& link : links) {
        auto more = container::link_environment(*link.source, link.address, container.name, link.alias);
        env.insert(env.end(), more.begin(), more.end());
    }
    return env;
}

void Supervisor::Impl::tell_linking_containers(const Container& source) {
    const std::string address = container::bridge_address(source);
    if (address.empty()) return;
    for (const ContainerRef& other : parts.containers.list(parts.space)) {
        if (!has_links(*other) || !other->state.is_running()) continue;
        for (const std::string& text : other->host_config.links) {
            const auto link = container::parse_link(text);
            if (!link || link->container != source.id) continue;
            // The container runs on without: the next start of either writes it again.
            auto written = rewrite_hosts(other->hosts_path, link->alias, address);
            if (!written) log::failure("tell a container the address it links to", written.error());
        }
    }
}

bool Supervisor::Impl::waits_for_link(const Container& container) {
    if (!has_links(container)) return false;
    for (const std::string& text : container.host_config.links) {
        const auto link = container::parse_link(text);
        if (!link) continue;
        auto source = find(link->container);
        if (source && (*source)->state.status == container::Status::restarting) return true;
    }
    return false;
}

}  // namespace tare::supervisor
