#pragma once

// A container's log as a long answer: what is there, then (following) what comes, until it ends.

#include <optional>

#include "engine/container/containers.h"
#include "engine/container/log_reader.h"
#include "engine/event/bus.h"
#include "wire/http/stream_source.h"

namespace tare::docker {

struct LogFormat {
    bool is_multiplexed = true;  ///< stdcopy frames; raw text for containers with a terminal
    bool with_timestamps = false;
    bool with_details = false;  ///< the attributes in front of each line
};

/// Appends an entry as the client wants it.
void append_log_entry(std::string& out, const container::LogEntry& entry, const LogFormat& format);

class LogSource : public http::StreamSource {
  public:
    /// `end_events` (while following) tells of the container's events; it is looked up in `containers`
    /// whether it still runs.
    LogSource(container::LogReader reader, const LogFormat& format, const container::Containers& containers,
              container::Key key, std::optional<event::Subscription> end_events);

    std::vector<int> descriptors() const override;
    Deadline wake_at() const override;
    Result<http::StreamState> produce(std::string& out, std::size_t room_bytes) override;

  private:
    Result<> look_for_end();

    container::LogReader reader_;
    LogFormat format_;
    const container::Containers& containers_;
    container::Key key_;
    std::optional<event::Subscription> end_events_;
    bool has_ended_ = false;
    bool looks_again_ = false;  ///< an end was announced whose state is not written yet
};

}  // namespace tare::docker
