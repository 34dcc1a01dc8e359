#pragma once

// Docker's json-file log: a line of JSON for each line of output, in files that rotate.
//
//     {"log":"hello\n","stream":"stdout","time":"2025-05-30T12:07:14.123456789Z"}
//
// A line longer than 16 KiB is several entries of which only the last ends in "\n" and which share the
// time of the first; output that ends without a newline is an entry without one.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "posix/fd.h"
#include "run/shim/output.h"

namespace tare::shim {

/// The longest piece of output in one entry.
inline constexpr std::size_t kLogPieceBytes = 16384;

/// One entry with its line end. `line` as it was written, its newline included. `attributes` is a JSON
/// object, or empty for none. Escaped as Go does: <, >, & and control characters as \u00XX, invalid UTF-8
/// as \ufffd.
std::string json_log_entry(std::string_view line, Stream stream, Time time, std::string_view attributes);
/// The attributes as a JSON object with sorted keys; empty for none.
std::string json_log_attributes(std::vector<std::pair<std::string, std::string>> attributes);

struct JsonLogOptions {
    std::string path;
    std::uint64_t max_bytes = 0;  ///< rotated before an entry once a file has reached this; 0: never
    std::uint32_t max_files = 1;  ///< PATH, PATH.1, … PATH.(n-1); with 1 the file is cut off
    std::vector<std::pair<std::string, std::string>> attributes;
};

/// Writes the log of one process.
class JsonLog {
  public:
    /// Goes on behind what the file holds already; makes it with mode 0640.
    static Result<JsonLog> open(JsonLogOptions options);

    /// Takes output as it comes. A failure to write (a full disk) loses entries, not the container: it is
    /// reported once.
    void write(Stream stream, std::string_view bytes, Time time);
    /// The stream has ended: a line without its newline becomes an entry.
    void finish(Stream stream, Time time);

  private:
    struct Line {
        std::string begun;
        std::optional<Time> first_piece;  ///< of a line in several entries
    };
    explicit JsonLog(JsonLogOptions options) : options_(std::move(options)) {}
    void add_entry(Stream stream, std::string_view piece, Time time);
    void flush();
    Result<> rotate();
    void report(const Error& error);
    Line& line_of(Stream stream) { return lines_[stream == Stream::error ? 1 : 0]; }

    JsonLogOptions options_;
    std::string attributes_;
    posix::Fd file_;
    std::uint64_t size_bytes_ = 0;
    std::string batch_;  ///< entries not yet written
    std::array<Line, 2> lines_;
    bool has_reported_ = false;
};

}  // namespace tare::shim
