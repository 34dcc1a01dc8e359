#pragma once

// What a client asks for when it creates a container: Docker's create request as plain structs. The
// portable half (`Config`), the half that belongs to this machine (host_config.h) and the networks.
//
// Their JSON, on the wire and in the store, is Docker's own (config_json.h): `inspect` shows what was
// stored, and members that this version does not know survive in `unknown`.
//
// An absent optional is JSON null: "the image's" for Cmd and Entrypoint, while an empty list is a
// list. Durations are Go's nanoseconds on the wire.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace tare::container {

using Strings = std::vector<std::string>;
/// Keys and values in the order of the document.
using StringMap = std::vector<std::pair<std::string, std::string>>;

/// The value of a key, nullptr if there is none.
const std::string* find(const StringMap& map, std::string_view key);

/// How to ask a container whether it is well. Zero means "inherit", and where nothing is left to
/// inherit the defaults of effective().
struct Healthcheck {
    /// {} inherits, {"NONE"} disables, {"CMD", argv…} runs a program, {"CMD-SHELL", text} a shell.
    Strings test;
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    std::chrono::nanoseconds start_period{};
    std::chrono::nanoseconds start_interval{};
    int retries = 0;

    /// The same with Docker's defaults in place of zeros: 30 s, 30 s, 0 s, 5 s, 3 retries.
    Healthcheck effective() const;
    /// Whether there is a program to run.
    bool is_enabled() const;
    bool operator==(const Healthcheck&) const = default;
};

/// The portable configuration (`Config` of inspect). After merge_image_config it holds what the image
/// says wherever the client said nothing.
struct Config {
    std::string hostname;
    std::string domainname;
    std::string user;  ///< "name", "uid", "name:group", …; empty is root
    bool attach_stdin = false;
    bool attach_stdout = false;
    bool attach_stderr = false;
    Strings exposed_ports;  ///< "80/tcp"
    bool tty = false;
    bool open_stdin = false;
    bool stdin_once = false;  ///< stdin ends when the first client that attached to it leaves
    Strings env;              ///< "NAME=value"
    std::optional<Strings> command;
    std::optional<Healthcheck> healthcheck;
    std::string image;  ///< as the client named it
    Strings volumes;    ///< paths that get an anonymous volume
    std::string working_directory;
    std::optional<Strings> entrypoint;
    bool network_disabled = false;
    std::string mac_address;
    Strings on_build;
    StringMap labels;
    std::string stop_signal;
    std::optional<int> stop_timeout_seconds;
    Strings shell;
    Json unknown = Json::object();  ///< members this version does not know

    bool operator==(const Config&) const = default;
};

/// One endpoint of a container on a network: what was asked for, and, once attached, what it got
/// (`EndpointSettings`).
struct EndpointSettings {
    // Asked for.
    std::string ipv4_address;
    std::string ipv6_address;
    Strings link_local_ips;
    Strings links;
    Strings aliases;
    StringMap driver_options;
    std::string mac_address;  ///< asked for before the attachment, in use after it
    std::int64_t gateway_priority = 0;
    // Got.
    std::string network_id;
    std::string endpoint_id;
    std::string gateway;
    std::string ip_address;
    int ip_prefix_length = 0;
    std::string ipv6_gateway;
    std::string global_ipv6_address;
    int global_ipv6_prefix_length = 0;
    Strings dns_names;
    Json unknown = Json::object();

    bool operator==(const EndpointSettings&) const = default;
};

/// Network name and endpoint, in the order of the document.
using Endpoints = std::vector<std::pair<std::string, EndpointSettings>>;

/// `NetworkingConfig` of the request.
struct NetworkingConfig {
    Endpoints endpoints;
    bool operator==(const NetworkingConfig&) const = default;
};

}  // namespace tare::container
