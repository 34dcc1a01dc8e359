// tared: reads its options, opens its rooms, serves until it is told to end.

#include <chrono>
#include <csignal>
#include <ctime>
#include <string>
#include <vector>

#include "apps/tared/config.h"
#include "apps/tared/daemon.h"
#include "apps/tared/invocation.h"
#include "base/fault.h"
#include "base/log.h"
#include "image/layer/worker.h"
#include "posix/credentials.h"
#include "posix/fd.h"
#include "posix/memory.h"
#include "posix/poll.h"
#include "posix/systemd.h"

namespace {

using namespace std::chrono_literals;
using namespace tare;
using tared::Config;
using tared::Invocation;

Result<Config> configure(const Invocation& invocation) {
    Config config = TRY(tared::load_config(invocation.config_path, invocation.has_config_path));
    if (invocation.root) config.root = *invocation.root;
    if (invocation.state) config.state = *invocation.state;
    for (std::string* directory : {&config.root, &config.state}) {
        if (!directory->starts_with('/'))
            return fail(ErrorKind::invalid_argument, quote(*directory), " is no absolute path");
        while (directory->size() > 1 && directory->ends_with('/'))
            directory->pop_back();
    }
    log::set_level(invocation.is_debug ? log::Level::debug : config.log_level);
    return config;
}

/// SIGHUP: the file is read again. One that is wrong changes nothing, and says so.
void reload(tared::Daemon& daemon, const Invocation& invocation) {
    const auto config = configure(invocation);
    if (!config) {
        log::failure("reload the configuration", config.error());
        return;
    }
    daemon.reload(*config);
    log::info("configuration reloaded", {{"file", invocation.config_path}});
}

/// Until SIGTERM or SIGINT. Between two looks without work, memory that only work needs is given back.
Result<> serve_until_the_end(posix::SignalSelection& signals, tared::Daemon& daemon,
                             const Invocation& invocation) {
    constexpr auto between_looks = 5s;
    // Less than this is what looking itself takes.
    constexpr std::clock_t nothing = CLOCKS_PER_SEC / 100;
    std::clock_t used = 0;
    bool is_released = false;
    for (;;) {
        posix::PollItem item{.fd = signals.descriptor()};
        if (TRY(posix::wait_any({&item, 1}, Deadline::after(between_looks)))) {
            const auto signal = TRY(signals.next());
            if (signal && (*signal == SIGTERM || *signal == SIGINT)) return {};
            if (signal && *signal == SIGHUP) reload(daemon, invocation);
        }
        const std::clock_t now_used = std::clock();
        const bool is_idle = now_used - used < nothing;
        if (is_idle && !is_released) posix::release_idle_memory();
        is_released = is_idle;
        used = now_used;
    }
}

Result<> run(const Invocation& invocation) {
    if (posix::effective_user() != 0)
        return Error(ErrorKind::permission_denied, "tared needs root").set_hint("run it with sudo");
    TRY(fault::arm_from_environment());
    const Config config = TRY(configure(invocation));
    // What containers inherit; files of ours have their modes said.
    posix::set_umask(0022);
    // Blocked in this thread before others are started, which inherit that.
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    auto selection = TRY(posix::SignalSelection::open(signals));

    auto daemon = TRY(tared::Daemon::open(config, invocation.is_debug));
    TRY(daemon->serve());
    log::info("tared serves", {{"version", TARE_VERSION}, {"root", config.root}, {"state", config.state}});
    TRY(posix::notify_service_manager("READY=1"));

    TRY(serve_until_the_end(selection, *daemon, invocation));
    log::info("tared ends; containers go on");
    // The manager's patience is its own affair; ending is ours.
    (void)posix::notify_service_manager("STOPPING=1");
    daemon->shut_down();
    return {};
}

int complain(const Error& error, int code) {
    std::string line = cat("tared: ", error.message());
    if (!error.hint().empty()) line += cat(" (", error.hint(), ")");
    line += '\n';
    // Where standard error is gone there is nobody left to tell.
    (void)posix::write_all(2, line);
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    // First of all: a worker has nothing of the daemon's.
    if (layer::is_worker(argc, argv)) layer::run_worker(argv[argc - 1]);
    auto invocation = tared::parse_invocation(std::vector<std::string>(argv + 1, argv + argc));
    if (!invocation) return complain(invocation.error(), 2);
    if (invocation->wants_help || invocation->wants_version) {
        const std::string text =
            invocation->wants_help ? std::string(tared::usage()) : cat("tared ", TARE_VERSION, "\n");
        return posix::write_all(1, text) ? 0 : 1;
    }
    if (auto ran = run(*invocation); !ran) return complain(ran.error(), 1);
    return 0;
}
