#include "api/docker/endpoints.h"
#include "api/docker/log_query.h"
#include "api/docker/log_source.h"
#include "api/docker/streams.h"
#include "api/docker/time_text.h"

namespace tare::docker {

static Result<std::optional<Time>> log_time(Call& call, std::string_view key) {
    std::string text = call.query(key);
    if (text.empty() || text == "0") return std::optional<Time>();
    auto time = parse_time(text, now());
    if (!time) return fail(ErrorKind::invalid_argument, "invalid value for ", quote(key), ": ", quote(text));
    return time;
}

Result<container::LogQuery> log_query(Call& call) {
    container::LogQuery query;
    query.standard_output = call.query_flag("stdout");
    query.standard_error = call.query_flag("stderr");
    if (!query.standard_output && !query.standard_error)
        return fail(ErrorKind::invalid_argument, "Bad parameters: you must choose at least one stream");
    query.since = TRY(log_time(call, "since"));
    query.until = TRY(log_time(call, "until"));
    // dockerd takes whatever is no number for "all".
    query.tail = parse_integer<std::uint64_t>(call.query("tail"));
    return query;
}

Result<> expect_readable_log(const container::Container& container) {
    if (container.has_readable_log()) return {};
    return fail(ErrorKind::unimplemented, "configured logging driver does not support reading");
}

Result<> container_logs(Call& call) {
    const Parts& parts = call.parts;
    auto container = TRY(parts.containers.find(parts.name_space, call.name()));
    container::LogQuery query = TRY(log_query(call));
    TRY(expect_readable_log(*container));
    query.follow = call.query_flag("follow");
    std::optional<event::Subscription> events;
    if (query.follow)
        events = TRY(parts.bus.subscribe([key = container->key()](const event::Event& event) {
            return event.type == "container" && event.actor == key.id && event.name_space == key.space &&
                   (event.action == "die" || event.action == "destroy");
        }));
    auto reader = TRY(container::LogReader::open(container->log_path, query));
    LogFormat format{.is_multiplexed = !container->config.tty,
                     .with_timestamps = call.query_flag("timestamps"),
                     .with_details = call.query_flag("details")};
    return call.exchange.stream(
        200, {{"Content-Type", std::string(stream_content_type(container->config.tty, call.version))}},
        std::make_unique<LogSource>(std::move(reader), format, parts.containers, container->key(),
                                    std::move(events)));
}

}  // namespace tare::docker
