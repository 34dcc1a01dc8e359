#pragma once

// Where a registry is found: containerd's certs.d/HOST/hosts.toml (docs/hosts.md of containerd) and
// Docker's certs.d/HOST/{*.crt,*.cert,*.key}, mirrors before the registry itself.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/http/client.h"

namespace tare::registry {

/// One place to ask for a registry's content.
struct Endpoint {
    http::Url base;  ///< "https://mirror:5000/v2"; a repository's path follows
    bool can_pull = true;
    bool can_resolve = true;
    bool can_push = true;
    http::TlsOptions tls;
    std::vector<std::pair<std::string, std::string>> headers;  ///< sent to this origin only
    /// The registry itself. Only it gets the caller's credentials; a mirror is asked without (IM16).
    bool is_upstream = false;
};

struct HostsOptions {
    /// Searched in this order; the first that has a directory for the host (or `_default`) decides.
    std::vector<std::string> directories = {"/etc/tare/certs.d", "/etc/containerd/certs.d",
                                            "/etc/docker/certs.d"};
    /// "host[:port]" or an IPv4 network "10.0.0.0/8": https without verification, then plain http.
    std::vector<std::string> insecure_registries;
    /// Mirrors of docker.io ("https://mirror.example"), before what hosts.toml says.
    std::vector<std::string> registry_mirrors;
};

/// The endpoints for a host of a reference ("docker.io", "127.0.0.1:5000"), the preferred first, the
/// registry itself last. The files are read anew each time: a change needs no restart.
/// invalid_argument names the file and the key that is wrong.
Result<std::vector<Endpoint>> endpoints_for(std::string_view host, const HostsOptions& options);

}  // namespace tare::registry
