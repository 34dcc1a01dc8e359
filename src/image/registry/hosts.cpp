#include "image/registry/hosts.h"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "base/text.h"
#include "image/registry/hosts_toml.h"
#include "posix/file.h"
#include "posix/tree.h"

namespace tare::registry {

namespace {

constexpr std::size_t kFileLimit = std::size_t{1} << 20;
constexpr std::string_view kHubHost = "docker.io";
constexpr std::string_view kHubEndpoint = "registry-1.docker.io";

/// Only root may say where root's pulls go.
Result<std::string> read_own_file(const std::string& path) {
    auto file = TRY(posix::open_file(path, O_RDONLY | O_NONBLOCK));
    auto status = TRY(posix::status_of(file.get()));
    bool is_ours = status.uid == 0 || status.uid == posix::effective_uid();
    if (!status.is(posix::FileType::regular) || !is_ours || (status.permissions & 022) != 0)
        return fail(ErrorKind::permission_denied, path,
                    ": must be a file of root that nobody else can write to")
            .set_hint(cat("run 'chown root ", path, "' and 'chmod go-w ", path, "'"));
    return posix::read_to_end(file.get(), kFileLimit);
}

/// "host:5000" stands for itself, or with "_5000_" where file systems know no colon. The host is from a
/// validated reference, but "." and ".." are no names of directories of ours (IM16).
std::vector<std::string> directory_names(std::string_view host) {
    std::vector<std::string> names;
    if (host.empty() || host.find('/') != std::string_view::npos || host.starts_with('.')) return names;
    auto colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']'))
        names.push_back(cat(host.substr(0, colon), "_", host.substr(colon + 1), "_"));
    names.emplace_back(host);
    return names;
}

/// The first directory that has something to say about the host; empty if none has.
std::string find_directory(std::string_view host, const HostsOptions& options) {
    auto names = directory_names(host);
    for (auto& directory : options.directories)
        for (auto& name : names)
            if (auto path = cat(directory, "/", name); posix::exists(path)) return path;
    for (auto& directory : options.directories)
        if (auto path = cat(directory, "/_default"); posix::exists(path)) return path;
    return {};
}

/// Docker's way: every *.crt is trusted, *.cert with its *.key shows who we are.
Result<http::TlsOptions> read_certificates(const std::string& directory) {
    http::TlsOptions tls;
    auto files = TRY(posix::list_directory(directory));
    std::ranges::sort(files);
    for (auto& file : files) {
        std::string path = cat(directory, "/", file);
        if (file.ends_with(".crt")) tls.ca_files.push_back(path);
        if (!file.ends_with(".cert") || !tls.client_cert_file.empty()) continue;
        tls.client_cert_file = path;
        tls.client_key_file = cat(path.substr(0, path.size() - 5), ".key");
        if (!posix::exists(tls.client_key_file))
            return fail(ErrorKind::invalid_argument, "missing key ", tls.client_key_file,
                        " for client certificate ", path)
                .set_hint("CA certificates have the extension .crt");
    }
    return tls;
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
    std::uint32_t address = 0;
    auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    for (auto part : parts) {
        auto byte = parse_integer<std::uint8_t>(part);
        if (!byte) return std::nullopt;
        address = address << 8 | *byte;
    }
    return address;
}

bool is_in_network(std::string_view host, std::string_view network) {
    auto [base, length] = cut(network, '/');
    auto bits = length ? parse_integer<unsigned>(*length) : std::nullopt;
    auto wanted = parse_ipv4(base);
    auto address = parse_ipv4(host.substr(0, host.rfind(':')));
    if (!bits || *bits > 32 || !wanted || !address) return false;
    std::uint32_t mask = *bits == 0 ? 0 : ~std::uint32_t{0} << (32 - *bits);
    return (*address & mask) == (*wanted & mask);
}

bool is_insecure(std::string_view host, const HostsOptions& options) {
    return std::ranges::any_of(options.insecure_registries, [&](std::string_view entry) {
        if (auto scheme = entry.find("://"); scheme != std::string_view::npos)
            entry.remove_prefix(scheme + 3);
        return entry == host || is_in_network(host, entry);
    });
}

/// The registry itself where no hosts.toml says otherwise.
Result<std::vector<Endpoint>> default_endpoints(std::string_view host, std::string_view address,
                                                const std::string& directory, const HostsOptions& options) {
    Endpoint secure;
    secure.base = TRY(http::Url::parse(cat("https://", address, "/v2")));
    secure.is_upstream = true;
    bool is_configured = !directory.empty();
    if (is_configured) secure.tls = TRY(read_certificates(directory));
    bool is_loopback = http::is_loopback_host(secure.base.origin().host);
    bool may_be_plain = is_insecure(host, options) || (is_loopback && secure.tls == http::TlsOptions());
    if (!may_be_plain) return std::vector{secure};
    Endpoint plain = secure;
    plain.base = TRY(http::Url::parse(cat("http://", address, "/v2")));
    plain.tls = {};
    secure.tls.skip_verify = true;
    return std::vector{secure, plain};
}

Result<> add_mirrors(const HostsOptions& options, std::vector<Endpoint>& endpoints) {
    std::vector<Endpoint> mirrors;
    for (auto& address : options.registry_mirrors) {
        Endpoint mirror;
        auto url = TRY_CONTEXT(http::Url::parse(address), "registry-mirrors");
        mirror.base = url.with_path_suffix("/v2");
        mirror.can_push = false;
        mirrors.push_back(std::move(mirror));
    }
    endpoints.insert(endpoints.begin(), mirrors.begin(), mirrors.end());
    return {};
}

}  // namespace

Result<std::vector<Endpoint>> endpoints_for(std::string_view host, const HostsOptions& options) {
    std::string_view address = host == kHubHost ? kHubEndpoint : host;
    std::string directory = find_directory(host, options);
    std::string file = cat(directory, "/hosts.toml");
    std::vector<Endpoint> endpoints;
    if (!directory.empty() && posix::exists(file)) {
        auto upstream = TRY(http::Url::parse(cat("https://", address)));
        auto text = TRY(read_own_file(file));
        endpoints = TRY(parse_hosts_toml(text, directory, upstream));
    } else {
        endpoints = TRY(default_endpoints(host, address, directory, options));
    }
    if (host == kHubHost) TRY(add_mirrors(options, endpoints));
    return endpoints;
}

}  // namespace tare::registry
