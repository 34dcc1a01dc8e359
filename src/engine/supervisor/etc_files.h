#pragma once

// What a container sees as /etc/hosts, /etc/hostname and /etc/resolv.conf.

#include "engine/container/container.h"
#include "engine/network/networks.h"

namespace tare::supervisor {

/// Writes the files at the container's paths, for a container that has this place in the networks. A
/// container in the host's network sees the host's hosts file.
Result<> write_etc_files(const container::Container& container, const network::Attachment& attachment,
                         network::Ipv4 host_gateway);

}  // namespace tare::supervisor
