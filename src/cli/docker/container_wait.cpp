#include "cli/docker/container_wait.h"

#include "cli/common/safe_text.h"
#include "cli/docker/command.h"
#include "cli/docker/each_name.h"

namespace tare::cli::docker {

Result<PendingAnswer> begin_wait(Daemon& daemon, const std::string& id, WaitFor condition) {
    return daemon.begin("POST", cat("/containers/", path_segment(id), "/wait?condition=",
                                    condition == WaitFor::removal ? "removed" : "next-exit"));
}

int finish_wait(Result<PendingAnswer>& pending) {
    auto answer = pending ? pending->finish() : Result<Json>(pending.error());
    if (!answer) {
        print_error(cat("error waiting for container: ", answer.error().message(), '\n'));
        return kExitDaemon;
    }
    std::string message = text_at(member_at(*answer, "Error"), "Message");
    if (!message.empty()) {
        print_error(cat("Error waiting for container: ", message, '\n'));
        return kExitDaemon;
    }
    return static_cast<int>(integer_at(*answer, "StatusCode"));
}

int exit_code_of_failure(const Error& error) {
    const std::string& message = error.message();
    auto says = [&](std::string_view text) { return message.find(text) != std::string::npos; };
    if (says("executable file not found") || says("no such file or directory") ||
        says("system cannot find the file specified"))
        return kExitNotFound;
    if (says("permission denied") || says("is a directory")) return kExitCannotInvoke;
    return kExitDaemon;
}

}  // namespace tare::cli::docker
