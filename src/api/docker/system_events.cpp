#include "api/docker/endpoints.h"
#include "api/docker/event_filter.h"
#include "api/docker/time_text.h"

namespace tare::docker {

namespace {

class EventSource : public http::StreamSource {
  public:
    EventSource(event::Subscription subscription, std::optional<Time> until, ApiVersion version,
                bool is_sequence)
        : subscription_(std::move(subscription)),
          until_(until),
          version_(version),
          is_sequence_(is_sequence) {}

    std::vector<int> descriptors() const override { return {subscription_.descriptor()}; }
    Deadline wake_at() const override {
        return until_ ? Deadline::after(std::chrono::nanoseconds(*until_ - now())) : Deadline::never();
    }
    Result<http::StreamState> produce(std::string& out, std::size_t room_bytes) override {
        while (out.size() < room_bytes) {
            auto event = TRY(subscription_.next());
            if (!event)
                return until_ && now() >= *until_ ? http::StreamState::finished : http::StreamState::waiting;
            if (until_ && event->time > *until_) return http::StreamState::finished;
            // RFC 7464 puts a record separator in front of each text.
            if (is_sequence_) out += '\x1e';
            out += cat(dump(event_document(*event, version_)), '\n');
        }
        return http::StreamState::has_more;
    }

  private:
    event::Subscription subscription_;
    std::optional<Time> until_;
    ApiVersion version_;
    bool is_sequence_;
};

Result<std::optional<Time>> event_time(Call& call, std::string_view key) {
    std::string text = call.query(key);
    if (text.empty()) return std::optional<Time>();
    auto time = parse_time(text, now());
    if (!time) return fail(ErrorKind::invalid_argument, "invalid value for ", quote(key), ": ", quote(text));
    return time;
}

std::string content_type(Call& call) {
    if (call.version < ApiVersion{1, 52}) return "application/json";
    std::string accepted = to_lower(call.header("accept"));
    for (std::string_view type : {"application/json-seq", "application/x-ndjson"})
        if (accepted.contains(type)) return std::string(type);
    return "application/jsonl";
}

}  // namespace

Result<> system_events(Call& call) {
    auto since = TRY(event_time(call, "since"));
    auto until = TRY(event_time(call, "until"));
    if (since && until && *until < *since)
        return fail(ErrorKind::invalid_argument, "`since` time (", call.query("since"),
                    ") cannot be after `until` time (", call.query("until"), ")");
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(check_event_filters(filters));
    auto subscription = TRY(call.parts.bus.subscribe(
        [filters = std::move(filters), space = call.parts.name_space](const event::Event& event) {
            return event.name_space == space && accepts_event(filters, event);
        },
        since));
    std::string type = content_type(call);
    return call.exchange.stream(200, {{"Content-Type", type}},
                                std::make_unique<EventSource>(std::move(subscription), until, call.version,
                                                              type == "application/json-seq"));
}

}  // namespace tare::docker
