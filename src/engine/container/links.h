#pragma once

// `--link NAME[:ALIAS]` on the default bridge: what a container knows of another one that it is linked to.
//
// A request names the other by name or id. What is stored is "ID:ALIAS", so that a link outlives a rename;
// what is shown is dockerd's "/NAME:/CONSUMER/ALIAS". Nothing is opened by a link: containers of the bridge
// reach each other anyway.

#include <string>
#include <string_view>

#include "engine/container/container.h"

namespace tare::container {

class Containers;

struct Link {
    std::string container;  ///< name or id
    std::string alias;
};

/// "NAME", "NAME:ALIAS" or, as inspect shows it, "/NAME:/CONSUMER/ALIAS". invalid_argument in Docker's words;
/// also for an alias that is not made of what host names are made of, since it ends up in /etc/hosts.
Result<Link> parse_link(std::string_view text);

/// The links of a request as they are stored. The first of two with one alias counts. invalid_argument if
/// there is no such container, or if it has no network of its own.
Result<Strings> resolve_links(const Containers& containers, const std::string& space, const Strings& links);

/// The links of a container as inspect shows them; those to containers that are gone are left out.
Strings shown_links(const Containers& containers, const Container& container);

/// The names of `source` in the linking container's /etc/hosts: the alias, the host name and the name, unless
/// that is the alias.
std::string link_host_names(const Container& source, std::string_view alias);

/// The variables of a link: ALIAS_PORT, four for each exposed port, ALIAS_NAME ("/CONSUMER/ALIAS") and the
/// source's own environment as ALIAS_ENV_*. Ports come tcp first, then by number.
Strings link_environment(const Container& source, std::string_view address, std::string_view consumer,
                         std::string_view alias);

/// `hosts` with `address` in the line whose first name is `alias`; all else stays, for the container may have
/// added lines of its own.
std::string with_link_address(std::string_view hosts, std::string_view alias, std::string_view address);

/// The address on the default bridge, empty if it has none.
std::string bridge_address(const Container& container);

}  // namespace tare::container
