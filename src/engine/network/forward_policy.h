#pragma once

// Living beside a host's own firewall. An accept in our table does not overrule a drop in another's, so
// where iptables' FORWARD chain drops by default, containers would be cut off. Into that chain (table
// `ip filter`, chain FORWARD, as iptables-nft and so ufw and Docker make it) go two rules for each bridge,
// with the table's name as comment:
//
//     iifname BRIDGE accept        oifname BRIDGE accept
//
// They come last, but before a closing drop or reject: what the administrator denies expressly stays
// denied. What may enter a bridge at all is decided in our own table.

#include <string>
#include <vector>

#include "base/json.h"

namespace tare::network {

/// The commands for nft(8) that bring the chain from what `nft -j -a list chain ip filter FORWARD` says to
/// what it should be; empty if nothing is to be done. A chain that accepts by default and holds no rule
/// that refuses everything needs no rules of ours.
std::string pass_commands(const Json& listing, const std::string& table,
                          const std::vector<std::string>& bridges);

/// The same for iptables-legacy: runs of the program as arguments, out of what `-S FORWARD` says.
std::vector<std::vector<std::string>> legacy_commands(std::string_view listing, const std::string& table,
                                                      const std::vector<std::string>& bridges);

/// Brings the legacy chain to what it should be by running iptables-legacy, if that is installed and its
/// tables are in use; else does nothing.
Result<> pass_legacy_chain(const std::string& table, const std::vector<std::string>& bridges);

}  // namespace tare::network
