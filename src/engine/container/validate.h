#pragma once

// Whether a request can be run here, with Docker's texts; and Docker's rules that fill what was left open.
// create calls adapt, then check; update calls check_update.

#include <functional>

#include "engine/container/config_json.h"
#include "engine/container/container.h"
#include "engine/container/host_facts.h"

namespace tare::container {

/// Fills what depends on the machine, the id and other fields: hostname, cgroup namespace and IPC mode,
/// log driver, swap, shared memory, masked and read-only paths, network mode, runtime; and normalizes
/// capabilities, ports and the working directory. Fails where a text can not be read at all.
Result<> adapt(Config& config, HostConfig& host_config, const std::string& id, const HostFacts& host);

/// invalid_argument with Docker's text for what contradicts itself or asks for the impossible. What the
/// machine merely cannot do (swap limit without swap accounting) is dropped from `host_config` and told
/// in the warnings, which the create response carries. Comes after adapt.
Result<Strings> check(const Config& config, HostConfig& host_config, const HostFacts& host);

/// The limits after an update: `old` with what the request sets, checked like check(). `running` allows
/// only what a live cgroup takes.
Result<ResourceLimits> check_update(const ResourceLimits& old, const UpdateRequest& request,
                                    const HostFacts& host);
/// invalid_argument for a policy that does not exist or contradicts auto-removal.
Result<> check_restart_policy(const RestartPolicy& policy, bool auto_remove);

/// What the binds, mounts, tmpfs and volumes of a request (and of the image, already merged) come to,
/// in the order they are mounted. Named and anonymous volumes have `name` (made up for anonymous ones) and no
/// `source` yet: the caller creates the volume and fills it in. Later sources win: volumes-from < binds <
/// mounts, and image volumes only where nothing else is. `volumes_from` resolves a container.
Result<std::vector<MountPoint>> plan_mount_points(
    const Config& config, const HostConfig& host_config,
    const std::function<Result<Container>(const std::string& reference)>& volumes_from);

}  // namespace tare::container
