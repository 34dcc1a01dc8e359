#pragma once

// Bodies that are files: from a path or standard input, to a path or standard output.

#include <string>

#include "base/result.h"
#include "cli/docker/daemon.h"

namespace tare::cli::docker {

/// The bytes of a descriptor, piece by piece. Borrows it.
Producer producer_of(int fd);

/// Where a download goes: standard output, or a file that appears under its name when it is whole.
class Output {
  public:
    /// "" is standard output, which must not be a terminal (invalid_argument in docker's words).
    static Result<Output> open(const std::string& path, std::string_view terminal_message);
    Sink sink();
    /// Puts the file into its place.
    Result<> finish();
    Output(Output&&) noexcept;
    ~Output();

  private:
    Output() = default;
    std::string path_;
    std::string temporary_;
    posix::Fd file_;
};

}  // namespace tare::cli::docker
