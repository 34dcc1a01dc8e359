#pragma once

// The files of a rotated log as one sequence of bytes, and lines out of it.

#include <deque>

#include "engine/container/log_reader.h"

namespace tare::container {

/// An entry out of one line (without its newline). A line that begins with a torn one, as a crash of the
/// writer leaves behind, gives the whole entry at its end. Nothing if there is none.
std::optional<LogEntry> parse_log_line(std::string_view line);

/// One open file of the log. Its name may change under it; its identity does not.
struct LogFile {
    posix::Fd file;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    bool operator==(const LogFile& other) const { return device == other.device && inode == other.inode; }
};

/// Opens PATH.n … PATH.1, PATH: the oldest first, each file once, whatever rotates meanwhile.
Result<std::deque<LogFile>> open_log_files(const std::string& path);

/// Reads lines from one file after another, and finds the next one after a rotation.
class LogLines {
  public:
    /// `tail`: begins with the last so many whole lines.
    static Result<LogLines> open(const std::string& path, std::optional<std::uint64_t> tail);

    /// The next whole line without its newline, borrowed until the next call. Nothing at the end for now.
    Result<std::optional<std::string_view>> next();

  private:
    explicit LogLines(std::string path) : path_(std::move(path)) {}
    Result<> seek_tail(std::uint64_t lines);
    Result<bool> fill();
    Result<bool> next_file();

    std::string path_;
    std::deque<LogFile> files_;  ///< the first is being read
    std::uint64_t offset_ = 0;   ///< of the first, behind what is in buffer_
    std::string buffer_;
    std::size_t consumed_ = 0;
    bool skips_line_ = false;  ///< in the rest of a line that was too long
};

}  // namespace tare::container
