#include <chrono>

#include "posix/file.h"
#include "run/runtime/container.h"
#include "run/runtime/hooks.h"

namespace tare::runtime {

Result<> destroy(const std::string& root, const State& state) {
    auto group = cgroup::Cgroup::open(state.cgroup_paths);
    if (group.exists()) {
        TRY(group.kill());
        TRY(group.remove(Deadline::after(std::chrono::seconds(10))));
    }
    TRY(posix::remove_tree(state_directory(root, state.id)));
    run_hooks_to_the_end("poststop", state.hooks.poststop, state_document(state, Status::stopped));
    return {};
}

}  // namespace tare::runtime
