#include "api/docker/endpoints.h"
#include "api/docker/log_query.h"
#include "api/docker/log_source.h"
#include "api/docker/streams.h"
#include "base/log.h"
#include "engine/container/containers.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

// `logs=1`: what was written before, on the connection itself.
Result<> replay_log(const container::Container& container, const task::StreamsRequest& request,
                    const posix::Fd& client) {
    TRY(expect_readable_log(container));
    auto reader = TRY(container::LogReader::open(
        container.log_path,
        {.standard_output = request.wants_stdout, .standard_error = request.wants_stderr, .tail = {}}));
    LogFormat format{.is_multiplexed = !container.config.tty};
    while (true) {
        auto entries = TRY(reader.next(256));
        if (entries.empty()) return {};
        std::string bytes;
        for (const container::LogEntry& entry : entries)
            append_log_entry(bytes, entry, format);
        TRY(posix::send_message(client.get(), bytes));
    }
}

Result<> serve(Call& call, supervisor::AttachTicket ticket, const task::StreamsRequest& request,
               posix::Fd& client) {
    if (call.query_flag("logs")) TRY(replay_log(*ticket.container, request, client));
    if (!call.query_flag("stream")) return {};
    return call.parts.supervisor.attach(std::move(ticket), request, client);
}

}  // namespace

Result<> container_attach(Call& call) {
    // What stands in the way of attaching must be said before the connection leaves HTTP; and a client
    // that sees it leave starts the container next, which has to find the attach in place.
    supervisor::AttachTicket ticket = TRY(call.parts.supervisor.prepare_attach(call.name()));
    bool is_terminal = ticket.container->config.tty;
    task::StreamsRequest request;
    request.wants_stdin = call.query_flag("stdin");
    request.wants_stdout = call.query_flag("stdout");
    request.wants_stderr = call.query_flag("stderr");
    request.framing =
        is_terminal ? task::StreamsRequest::Framing::raw : task::StreamsRequest::Framing::multiplexed;
    std::string keys = TRY(parse_detach_keys(call.query("detachKeys")));
    if (is_terminal) request.detach_keys = keys;

    http::Hijacked client = TRY(leave_http(call, stream_content_type(is_terminal, call.version)));
    request.leftover = std::move(client.leftover);
    auto served = serve(call, std::move(ticket), request, client.socket);
    if (!served) {
        log::failure("attach ends early", served.error(), log::Level::warning);
        tell_error(client.socket, is_terminal, served.error());
    }
    return {};
}

Result<> container_resize(Call& call) {
    auto height = TRY(call.query_integer<std::uint16_t>("h"));
    auto width = TRY(call.query_integer<std::uint16_t>("w"));
    if (!height || !width)
        return fail(ErrorKind::invalid_argument, "strconv.Atoi: parsing \"\": invalid syntax");
    TRY(call.parts.supervisor.resize(call.name(), *width, *height));
    return call.respond_empty(200);
}

}  // namespace tare::docker
