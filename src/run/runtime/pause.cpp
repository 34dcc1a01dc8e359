#include <chrono>

#include "run/runtime/container.h"

namespace tare::runtime {

namespace {
constexpr std::chrono::seconds kFreezeTime{10};
}

Result<> pause(const std::string& root, const State& state) {
    Status status = TRY(status_of(root, state));
    if (status != Status::running && status != Status::created)
        return fail(ErrorKind::failed_precondition, "container not running");
    return cgroup::Cgroup::open(state.cgroup_paths).freeze(Deadline::after(kFreezeTime));
}

Result<> resume(const std::string& root, const State& state) {
    if (TRY(status_of(root, state)) != Status::paused)
        return fail(ErrorKind::failed_precondition, "container not paused");
    return cgroup::Cgroup::open(state.cgroup_paths).thaw(Deadline::after(kFreezeTime));
}

}  // namespace tare::runtime
