#include <chrono>

#include <signal.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/process.h"
#include "run/runtime/container.h"
#include "run/shim/bootstrap.h"
#include "run/shim/service.h"

namespace tare::shim {

namespace {

using namespace std::chrono_literals;

/// The shim of this bundle, if it is alive after all: one that hangs must not come back later and write
/// into what is removed here.
Result<> end_shim(const std::string& bundle) {
    auto text = posix::read_file(bundle + "/shim.pid", 64);
    if (!text) return {};
    auto words = split_words(*text);
    if (words.size() != 2) return {};
    pid_t pid = parse_integer<pid_t>(words[0]).value_or(0);
    auto pidfd = posix::open_pidfd(pid);
    if (pid <= 0 || !pidfd) return {};
    // Opened first, compared then: what we signal is what we looked at.
    auto facts = posix::process_facts(pid);
    if (!facts || cat(facts->start_time) != words[1]) return {};
    auto killed = posix::send_signal(pidfd->get(), SIGKILL);
    if (!killed && !killed.error().is(ErrorKind::not_found)) return killed;
    (void)posix::wait_for_end(pidfd->get(), Deadline::after(5s));
    return {};
}

void remove_socket(const std::string& bundle) {
    auto address = posix::read_file(bundle + "/address", 4096);
    constexpr std::string_view scheme = "unix://";
    if (!address || !address->starts_with(scheme)) return;
    // A pod's shim goes on serving its other containers.
    if (!posix::exists(bundle + "/shim.pid")) return;
    if (auto removed = posix::remove_file(address->substr(scheme.size())); !removed)
        log::failure("remove the shim's socket", removed.error(), log::Level::warning);
}

}  // namespace

Result<std::string> remove(const Invocation& invocation) {
    TRY_CONTEXT(runtime::check_id(invocation.id), "shim");
    TRY(end_shim(invocation.bundle));
    std::string root = runtime_root_of(invocation.bundle);
    auto state = runtime::load_state(root, invocation.id);
    shimv2::DeleteResponse response;
    if (state) {
        response.pid = static_cast<std::uint32_t>(state->pid);
        TRY(runtime::destroy(root, *state));
    } else if (!state.error().is(ErrorKind::not_found)) {
        return state.error();
    }
    auto exit = shimv2::read_exit_record(invocation.bundle, "");
    response.exit_status = exit ? exit->exit_status : 128 + SIGKILL;
    response.exited_at = shimv2::Timestamp::of(exit ? exit->exited_at : now());
    remove_socket(invocation.bundle);
    return encode(response);
}

}  // namespace tare::shim
