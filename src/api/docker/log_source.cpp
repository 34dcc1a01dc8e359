#include "api/docker/log_source.h"

#include <algorithm>

#include "api/docker/streams.h"
#include "api/docker/time_text.h"

namespace tare::docker {

namespace {

constexpr std::size_t kEntriesAtOnce = 256;

// url.QueryEscape of the pieces of `details`.
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        std::string_view("-_.~").contains(c);
        if (is_plain && c != '\0') {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            auto byte = static_cast<std::uint8_t>(c);
            out += '%';
            out += to_lower(hex_encode({&byte, 1}));
        }
    }
    return out;
}

std::string details_of(const container::LogEntry& entry) {
    auto attributes = entry.attributes;
    std::ranges::sort(attributes);
    std::string text;
    for (const auto& [key, value] : attributes)
        text += cat(text.empty() ? "" : ",", escaped(key), '=', escaped(value));
    return text;
}

}  // namespace

void append_log_entry(std::string& out, const container::LogEntry& entry, const LogFormat& format) {
    std::string line;
    if (format.with_timestamps) line += cat(format_log_time(entry.time), ' ');
    if (format.with_details) line += cat(details_of(entry), ' ');
    line += entry.text;
    if (!format.is_multiplexed) {
        out += line;
        return;
    }
    append_frame(out,
                 entry.stream == container::LogEntry::Stream::standard_output ? StreamKind::standard_output
                                                                              : StreamKind::standard_error,
                 line);
}

LogSource::LogSource(container::LogReader reader, const LogFormat& format,
                     const container::Containers& containers, container::Key key,
                     std::optional<event::Subscription> end_events)
    : reader_(std::move(reader)),
      format_(format),
      containers_(containers),
      key_(std::move(key)),
      end_events_(std::move(end_events)) {}

std::vector<int> LogSource::descriptors() const {
    std::vector<int> all;
    if (reader_.descriptor() >= 0) all.push_back(reader_.descriptor());
    if (end_events_) all.push_back(end_events_->descriptor());
    return all;
}

Deadline LogSource::wake_at() const {
    return looks_again_ ? Deadline::after(std::chrono::milliseconds(50)) : Deadline::never();
}

Result<> LogSource::look_for_end() {
    if (!end_events_ || has_ended_) return {};
    while (true) {
        auto event = end_events_->next();
        // A queue that ran over, or a daemon that stops: the state alone decides.
        if (!event || !*event) break;
        looks_again_ = true;
    }
    container::ContainerRef container = containers_.get(key_);
    bool runs = container &&
                (container->state.is_running() || container->state.status == container::Status::restarting);
    if (runs) return {};
    has_ended_ = true;
    looks_again_ = false;
    reader_.stop_following();
    return {};
}

Result<http::StreamState> LogSource::produce(std::string& out, std::size_t room_bytes) {
    // Before reading: what was written before the end is in the file by then.
    TRY(look_for_end());
    while (out.size() < room_bytes) {
        auto entries = TRY(reader_.next(kEntriesAtOnce));
        if (entries.empty())
            return reader_.is_finished() ? http::StreamState::finished : http::StreamState::waiting;
        for (const container::LogEntry& entry : entries)
            append_log_entry(out, entry, format_);
    }
    return http::StreamState::has_more;
}

}  // namespace tare::docker
