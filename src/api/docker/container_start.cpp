// The verbs that change whether a container runs: start, stop, restart, kill, pause, unpause.

#include "api/docker/endpoints.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

int status_of(supervisor::Change change) {
    return change == supervisor::Change::made ? 204 : 304;
}

Result<supervisor::StopOptions> stop_options(Call& call) {
    supervisor::StopOptions options;
    auto seconds = TRY(call.query_integer<std::int32_t>("t"));
    if (seconds) options.timeout = std::chrono::seconds(*seconds);
    options.signal = call.query("signal");
    return options;
}

}  // namespace

Result<> container_start(Call& call) {
    // A body with a HostConfig was allowed before 1.24; clients still send "{}" or null.
    std::string body = TRY(call.exchange.read_whole_body(kDocumentLimitBytes));
    std::string_view text = trim(body);
    if (!text.empty() && text != "{}" && text != "null")
        return fail(ErrorKind::invalid_argument,
                    "starting container with non-empty request body was deprecated since API v1.22 and "
                    "removed in v1.24");
    // Whoever asks for a checkpoint's state would get a container that begins anew, and take it for the old
    // one.
    if (!call.query("checkpoint").empty() || !call.query("checkpoint-dir").empty())
        return fail(ErrorKind::unimplemented, "starting a container from a checkpoint is not served yet");
    return call.respond_empty(status_of(TRY(call.parts.supervisor.start(call.name()))));
}

Result<> container_stop(Call& call) {
    auto options = TRY(stop_options(call));
    return call.respond_empty(status_of(TRY(call.parts.supervisor.stop(call.name(), options))));
}

Result<> container_restart(Call& call) {
    auto options = TRY(stop_options(call));
    TRY(call.parts.supervisor.restart(call.name(), options));
    return call.respond_empty(204);
}

Result<> container_kill(Call& call) {
    std::string signal = call.query("signal");
    TRY(call.parts.supervisor.kill(call.name(), signal.empty() ? "SIGKILL" : signal));
    return call.respond_empty(204);
}

Result<> container_pause(Call& call) {
    TRY(call.parts.supervisor.pause(call.name()));
    return call.respond_empty(204);
}

Result<> container_unpause(Call& call) {
    TRY(call.parts.supervisor.unpause(call.name()));
    return call.respond_empty(204);
}

}  // namespace tare::docker
