#pragma once

// What an IP address is to this machine (security IM5).

#include <string_view>

struct sockaddr;

namespace tare::http {

/// Loopback, link-local, unspecified (which connects to this machine), or one of these mapped into
/// IPv6; also any address that is no IP. Everything else is reached through a network.
bool is_local_address(const sockaddr& address);
/// The same of an address in text ("127.0.0.1", "::1"); something else than an address is local.
bool is_local_address(std::string_view text);

}  // namespace tare::http
