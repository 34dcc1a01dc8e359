#include <chrono>
#include <thread>

#include "posix/file.h"
#include "run/cgroup/cgroup.h"

namespace tare::cgroup {

namespace {

using namespace std::chrono_literals;

enum class State { frozen, thawed };

std::string v2_freezer(const Cgroup& group) {
    std::string directory = group.v2_directory();
    return group.is_v2_only() && posix::exists(directory + "/cgroup.freeze") ? directory : std::string();
}

std::string v1_freezer(const Cgroup& group) {
    std::string directory = group.directory_of("freezer");
    return posix::exists(directory + "/freezer.state") ? directory : std::string();
}

Result<State> state_of(const Cgroup& group) {
    if (auto directory = v2_freezer(group); !directory.empty()) {
        std::string events = TRY(posix::read_file(directory + "/cgroup.events", 4096));
        return events.find("frozen 1") != std::string::npos ? State::frozen : State::thawed;
    }
    if (auto directory = v1_freezer(group); !directory.empty()) {
        std::string state = TRY(posix::read_file(directory + "/freezer.state", 4096));
        return trim(state) == "FROZEN" ? State::frozen : State::thawed;
    }
    return State::thawed;
}

Result<> request(const Cgroup& group, State wanted) {
    bool freezes = wanted == State::frozen;
    if (auto directory = v2_freezer(group); !directory.empty())
        return posix::write_knob(directory + "/cgroup.freeze", freezes ? "1" : "0");
    if (auto directory = v1_freezer(group); !directory.empty())
        return posix::write_knob(directory + "/freezer.state", freezes ? "FROZEN" : "THAWED");
    if (!freezes) return {};
    return fail(ErrorKind::failed_precondition, "freeze cgroup: no freezer is available");
}

/// A v1 freezer stays FREEZING while tasks are forked or stopped under it and has to be asked again;
/// a short thaw now and then lets a stuck one go on.
Result<> change(const Cgroup& group, State wanted, Deadline deadline) {
    for (int attempt = 1;; ++attempt) {
        TRY(request(group, wanted));
        if (TRY(state_of(group)) == wanted) return {};
        if (deadline.has_passed()) break;
        if (attempt % 50 == 0 && wanted == State::frozen && v2_freezer(group).empty()) {
            TRY(request(group, State::thawed));
            std::this_thread::sleep_for(10ms);
        }
        std::this_thread::sleep_for(attempt < 20 ? 100us : 2ms);
    }
    if (wanted == State::frozen) (void)request(group, State::thawed);  // the error below tells
    return fail(ErrorKind::deadline_exceeded, wanted == State::frozen ? "unable to freeze" : "unable to thaw",
                " the cgroup");
}

}  // namespace

Result<> Cgroup::freeze(Deadline deadline) const {
    return change(*this, State::frozen, deadline);
}
Result<> Cgroup::thaw(Deadline deadline) const {
    return change(*this, State::thawed, deadline);
}
Result<bool> Cgroup::is_frozen() const {
    if (!exists()) return false;
    return TRY(state_of(*this))
    == State::frozen;
}

}  // namespace tare::cgroup
