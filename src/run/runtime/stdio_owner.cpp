#include "run/runtime/stdio_owner.h"

#include "base/log.h"
#include "posix/mount.h"

namespace tare::runtime {

namespace {

/// The id on the host; nothing if it is not mapped.
std::optional<std::uint32_t> host_id(std::uint32_t id, const std::vector<oci::IdMapping>& mappings) {
    if (mappings.empty()) return id;
    for (auto& mapping : mappings)
        if (id >= mapping.container_id && id - mapping.container_id < mapping.size)
            return mapping.host_id + (id - mapping.container_id);
    return std::nullopt;
}

bool is_null_device(const posix::NodeFacts& facts) {
    return facts.kind == posix::NodeFacts::Kind::character && facts.device_major == 1 &&
           facts.device_minor == 3;
}

}  // namespace

void give_stdio(const Stdio& stdio, std::uint32_t uid, const std::vector<oci::IdMapping>& mappings) {
    auto owner = host_id(uid, mappings);
    if (!owner) return;
    for (int fd : {stdio.in, stdio.out, stdio.error}) {
        auto facts = posix::node_facts(fd);
        if (!facts || facts->uid == *owner || is_null_device(*facts)) continue;
        // A read-only file system, a foreign owner, a socket of another namespace: it works without, mostly.
        auto given = posix::change_owner(fd, *owner, facts->gid);
        if (!given) log::failure("standard streams", given.error(), log::Level::debug);
    }
}

}  // namespace tare::runtime
