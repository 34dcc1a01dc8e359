#include "run/runtime/hooks.h"

#include <chrono>

#include <signal.h>

#include "base/log.h"
#include "posix/process.h"

namespace tare::runtime {

namespace {

constexpr std::size_t kHookOutputLimit = std::size_t{64} << 10;
constexpr std::int64_t kDefaultTimeoutSeconds = 30;

Result<> run_hook(const oci::Hook& hook, const Json& state) {
    posix::Pipe input = TRY(posix::make_pipe());
    posix::Pipe output = TRY(posix::make_pipe());
    auto process =
        TRY(posix::spawn({.program = hook.path,
                          .args = hook.args.empty() ? std::vector{hook.path} : hook.args,
                          .env = hook.env,
                          .cwd = "/",
                          .descriptors = {{input.read_end.get(), 0}, {output.write_end.get(), 2}}}));
    input.read_end.reset();
    output.write_end.reset();
    // The document is far smaller than a pipe, so a hook that never reads cannot hold us up here; one
    // that has closed its input is fine.
    auto before = ::signal(SIGPIPE, SIG_IGN);
    auto told = posix::write_all(input.write_end.get(), dump(state));
    ::signal(SIGPIPE, before);
    if (!told && told.error().error_number() != EPIPE) return told;
    input.write_end.reset();
    auto status = process.wait(
        Deadline::after(std::chrono::seconds(hook.timeout_seconds.value_or(kDefaultTimeoutSeconds))));
    if (!status) {
        TRY(process.kill(SIGKILL));
        TRY(process.wait());
        return fail(ErrorKind::deadline_exceeded, hook.path, ": no end within its timeout");
    }
    if (status->shell_code() == 0) return {};
    TRY(posix::set_nonblocking(output.read_end.get(), true));
    std::string said = posix::read_to_end(output.read_end.get(), kHookOutputLimit).value_or("");
    return fail(ErrorKind::failed_precondition, hook.path, ": exit status ", status->shell_code(),
                said.empty() ? "" : ", stderr: ", trim(said));
}

}  // namespace

Result<> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks, const Json& state) {
    for (std::size_t i = 0; i < hooks.size(); ++i)
        TRY_CONTEXT(run_hook(hooks[i], state), cat("error running ", kind, " hook #", i));
    return {};
}

void run_hooks_to_the_end(std::string_view kind, const std::vector<oci::Hook>& hooks, const Json& state) {
    for (auto& hook : hooks)
        if (auto outcome = run_hook(hook, state); !outcome)
            log::failure(cat(kind, " hook failed"), outcome.error(), log::Level::warning);
}

}  // namespace tare::runtime
