#pragma once

// The JSON lines that a pull or load sends while it goes on.

#include <vector>

#include "api/docker/call.h"
#include "image/transfer/progress.h"

namespace tare::docker {

/// Sends each line at once. The answer begins with the first, so that what fails before it has a status.
class ProgressWriter : public transfer::ProgressSink {
  public:
    explicit ProgressWriter(Call& call) : sink_(call, "application/json") {}

    void progress(const transfer::Progress& line) override;
    /// A line of its own.
    void write(const Json& line);
    /// Ends the answer. An error is a line if the answer has begun, else it is returned.
    Result<> finish(const Result<>& outcome);

  private:
    void send(const Json& line);

    AnswerSink sink_;
    std::vector<Json> held_;
    bool has_begun_ = false;
};

/// The document of one line, with the bar that older clients print as it is.
Json progress_document(const transfer::Progress& line);

}  // namespace tare::docker
