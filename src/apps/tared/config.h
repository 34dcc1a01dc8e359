#pragma once

// /etc/tare/config.toml. All of it is optional; on SIGHUP, [registry] and log.level are read again:
//
//     root = "/var/lib/tare"
//     state = "/run/tare"
//     hosts = ["unix:///run/docker.sock"]        # besides STATE/docker.sock
//     group = "docker"                            # may use the sockets
//     namespace = "default"                       # containerd namespace of the Docker face
//
//     [log]
//     level = "info"                              # debug, info, warning, error
//
//     [registry]
//     certs = ["/etc/tare/certs.d"]               # directories with HOST/hosts.toml
//     insecure = ["registry.lan:5000", "10.0.0.0/8"]
//     trusted-realms = ["sso.lan"]                # may see passwords for registries of other domains
//     mirrors = ["https://mirror.lan"]            # of docker.io
//
//     [storage]
//     snapshotter = "auto"                        # auto, overlay, native
//
//     [container.log]                             # for containers that do not say
//     driver = "json-file"
//     options = { max-size = "10m", max-file = "3" }
//
//     [network]
//     bridge = "172.17.0.1/16"                    # the default bridge's own address
//     pools = ["10.200.0.0/16"]
//     mtu = 1450

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace tare::tared {

enum class Snapshots { automatic, overlay, native };

struct Config {
    std::string root = "/var/lib/tare";
    std::string state = "/run/tare";
    std::vector<std::string> hosts;  ///< paths of unix sockets
    std::string group = "docker";
    std::string name_space = "default";

    log::Level log_level = log::Level::info;

    std::vector<std::string> registry_certs;  ///< empty: the registry client's own list
    std::vector<std::string> insecure_registries;
    std::vector<std::string> trusted_realms;  ///< hosts that may see credentials of registries elsewhere
    std::vector<std::string> registry_mirrors;

    Snapshots snapshots = Snapshots::automatic;

    std::string container_log_driver = "json-file";
    std::vector<std::pair<std::string, std::string>> container_log_options;

    std::string bridge_address;
    std::vector<std::string> address_pools;
    int mtu = 0;
};

/// invalid_argument with file, line and key for what is unknown or of a wrong type.
Result<Config> parse_config(std::string_view text, const std::string& path);
/// The file's configuration; an absent one is the default unless it `must_exist`.
Result<Config> load_config(const std::string& path, bool must_exist);

}  // namespace tare::tared
