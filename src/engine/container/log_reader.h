#pragma once

// Reads a container's json-file log, which the shim writes and rotates: PATH, PATH.1 (older), ….
//
//     LogReader reader = TRY(LogReader::open(container.log_path, {.tail = 100, .follow = true}));
//     for (;;) {
//         std::vector<LogEntry> entries = TRY(reader.next(256));
//         if (entries.empty() && reader.is_finished()) break;
//         if (entries.empty()) wait until reader.descriptor() is readable
//         …
//     }
//
// A value without a thread: many followers share one event loop.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "posix/fd.h"

namespace tare::container {

struct LogEntry {
    enum class Stream { standard_output, standard_error };
    Stream stream = Stream::standard_output;
    Time time;
    std::string text;  ///< with its newline; none if the line was split or ended without
    std::vector<std::pair<std::string, std::string>> attributes;  ///< labels and env, `details`
};

struct LogQuery {
    bool standard_output = true;
    bool standard_error = true;
    /// The last so many lines; absent: all.
    std::optional<std::uint64_t> tail;
    std::optional<Time> since;  ///< not before
    std::optional<Time> until;  ///< not after
    /// Stay and deliver what is written later, across rotations, until stop_following().
    bool follow = false;
};

class LogReader {
  public:
    /// A log that does not exist yet is an empty one. Lines that are torn or no JSON are passed over.
    static Result<LogReader> open(const std::string& path, const LogQuery& query);
    LogReader(LogReader&&) noexcept;
    LogReader& operator=(LogReader&&) noexcept;
    ~LogReader();

    /// What is there now, in the order it was written, at most `max_entries`; never waits. Call it until
    /// it is empty before waiting for the descriptor.
    Result<std::vector<LogEntry>> next(std::size_t max_entries);
    /// Becomes readable when next() may have something new; -1 without `follow`. For an `until` that lies
    /// ahead the caller also wakes at that time.
    int descriptor() const;
    /// The container has ended: what is there is still delivered, then it is finished. Like the other
    /// members, for the one thread that uses the reader.
    void stop_following();
    /// Everything was delivered and nothing will come.
    bool is_finished() const;

  private:
    struct State;
    explicit LogReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tare::container
