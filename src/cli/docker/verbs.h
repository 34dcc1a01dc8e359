#pragma once

// The commands' functions, one file each. What they do and their flags: `tare COMMAND --help`.

#include "base/result.h"

namespace tare::cli::docker {

class Invocation;

Result<int> attach(Invocation& call);
Result<int> commit(Invocation& call);
Result<int> completion(Invocation& call);
Result<int> container_inspect(Invocation& call);
Result<int> container_prune(Invocation& call);
Result<int> cp(Invocation& call);
Result<int> create(Invocation& call);
Result<int> diff(Invocation& call);
Result<int> events(Invocation& call);
Result<int> exec(Invocation& call);
Result<int> export_container(Invocation& call);
Result<int> history(Invocation& call);
Result<int> image_inspect(Invocation& call);
Result<int> image_prune(Invocation& call);
Result<int> images(Invocation& call);
Result<int> import_image(Invocation& call);
Result<int> info(Invocation& call);
Result<int> inspect(Invocation& call);
Result<int> kill(Invocation& call);
Result<int> load(Invocation& call);
Result<int> login(Invocation& call);
Result<int> logout(Invocation& call);
Result<int> logs(Invocation& call);
Result<int> network_connect(Invocation& call);
Result<int> network_create(Invocation& call);
Result<int> network_disconnect(Invocation& call);
Result<int> network_inspect(Invocation& call);
Result<int> network_ls(Invocation& call);
Result<int> network_prune(Invocation& call);
Result<int> network_rm(Invocation& call);
Result<int> pause(Invocation& call);
Result<int> port(Invocation& call);
Result<int> ps(Invocation& call);
Result<int> pull(Invocation& call);
Result<int> push(Invocation& call);
Result<int> rename(Invocation& call);
Result<int> restart(Invocation& call);
Result<int> rm(Invocation& call);
Result<int> rmi(Invocation& call);
Result<int> run(Invocation& call);
Result<int> save(Invocation& call);
Result<int> start(Invocation& call);
Result<int> stats(Invocation& call);
Result<int> stop(Invocation& call);
Result<int> system_df(Invocation& call);
Result<int> system_prune(Invocation& call);
Result<int> tag(Invocation& call);
Result<int> top(Invocation& call);
Result<int> unpause(Invocation& call);
Result<int> update(Invocation& call);
Result<int> version(Invocation& call);
Result<int> volume_create(Invocation& call);
Result<int> volume_inspect(Invocation& call);
Result<int> volume_ls(Invocation& call);
Result<int> volume_prune(Invocation& call);
Result<int> volume_rm(Invocation& call);
Result<int> wait(Invocation& call);

}  // namespace tare::cli::docker
