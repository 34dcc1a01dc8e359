// Which shims outlived an upgrade: by the build id of their programs, since two builds may be of one version.

#include "base/log.h"
#include "engine/task/tasks_impl.h"
#include "posix/build_id.h"

namespace tare::task {

void Tasks::Impl::ask_build(const ShimRef& shim) {
    shimv2::ConnectRequest request;
    request.id = shim->key.id;
    auto connected = call(shim, request);
    if (!connected) log::failure("ask a shim for its build", connected.error(), log::Level::debug);
    std::lock_guard lock(shim->mutex);
    shim->build = connected ? std::move(connected->build) : std::string();
}

std::vector<Key> Tasks::under_other_shims() {
    std::vector<Key> others;
    // Read each time: the program may be replaced while this one runs.
    auto installed = posix::build_id(impl_->options.shim_program);
    if (!installed) {
        log::failure("the builds of shims cannot be compared", installed.error(), log::Level::debug);
        return others;
    }
    std::vector<ShimRef> shims;
    {
        std::lock_guard lock(impl_->mutex);
        for (const auto& [key, shim] : impl_->shims)
            shims.push_back(shim);
    }
    for (const ShimRef& shim : shims) {
        std::lock_guard lock(shim->mutex);
        if (shim->build && *shim->build != *installed) others.push_back(shim->key);
    }
    return others;
}

}  // namespace tare::task
