#include "run/runtime/seccomp_listener.h"

#include "posix/socket.h"

namespace tare::runtime {

Result<> hand_over_listener(const oci::Seccomp& seccomp, const posix::Process& process,
                            std::string_view number, const State& state, Status status) {
    const int theirs = parse_integer<int>(number).value_or(-1);
    posix::Fd listener = TRY(posix::take_descriptor(process.pidfd(), theirs));
    Json document = Json::object();
    document.set("ociVersion", oci::kRuntimeSpecVersion).set("fds", Json::array().push("seccompFd"));
    document.set("pid", process.pid());
    if (!seccomp.listener_metadata.empty()) document.set("metadata", seccomp.listener_metadata);
    document.set("state", state_document(state, status));
    posix::Fd agent = TRY_CONTEXT(posix::connect_unix(seccomp.listener_path),
                                  cat("seccomp listener ", quote(seccomp.listener_path)));
    return posix::send_message(agent.get(), dump(document), {listener.get()});
}

}  // namespace tare::runtime
