#pragma once

// The endpoints, a function each; routes.cpp says which path reaches which. A failure becomes the
// answer's error document (api/common), unless the answer has begun.

#include "api/docker/call.h"

namespace tare::docker {

// system_*.cpp
Result<> ping(Call& call);
Result<> system_version(Call& call);
Result<> system_info(Call& call);
Result<> system_events(Call& call);
Result<> system_auth(Call& call);
Result<> system_disk_usage(Call& call);

// container_*.cpp
Result<> container_list(Call& call);
Result<> container_create(Call& call);
Result<> container_inspect(Call& call);
Result<> container_start(Call& call);
Result<> container_stop(Call& call);
Result<> container_restart(Call& call);
Result<> container_kill(Call& call);
Result<> container_pause(Call& call);
Result<> container_unpause(Call& call);
Result<> container_rename(Call& call);
Result<> container_update(Call& call);
Result<> container_wait(Call& call);
Result<> container_remove(Call& call);
Result<> container_prune(Call& call);
Result<> container_attach(Call& call);
Result<> container_resize(Call& call);
Result<> container_logs(Call& call);
Result<> container_top(Call& call);
Result<> container_stats(Call& call);
Result<> container_changes(Call& call);
Result<> container_archive_stat(Call& call);
Result<> container_archive_get(Call& call);
Result<> container_archive_put(Call& call);
Result<> container_export(Call& call);

// exec.cpp
Result<> exec_create(Call& call);
Result<> exec_start(Call& call);
Result<> exec_resize(Call& call);
Result<> exec_inspect(Call& call);

// image_*.cpp
Result<> image_list(Call& call);
Result<> image_create(Call& call);
Result<> image_inspect(Call& call);
Result<> image_history(Call& call);
Result<> image_tag(Call& call);
Result<> image_remove(Call& call);
Result<> image_prune(Call& call);
Result<> image_load(Call& call);

// network_*.cpp
Result<> network_list(Call& call);
Result<> network_inspect(Call& call);
Result<> network_create(Call& call);
Result<> network_remove(Call& call);
Result<> network_connect(Call& call);
Result<> network_disconnect(Call& call);
Result<> network_prune(Call& call);

// volume.cpp
Result<> volume_list(Call& call);
Result<> volume_create(Call& call);
Result<> volume_inspect(Call& call);
Result<> volume_remove(Call& call);
Result<> volume_prune(Call& call);

// unserved.cpp: what this daemon has not, each with a clear answer
Result<> swarm_absent(Call& call);
Result<> plugin_list(Call& call);
Result<> not_implemented(Call& call);

}  // namespace tare::docker
