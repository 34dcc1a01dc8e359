#pragma once

// What a worker tells its parent: ticks while it works, then how it ended. The parent believes none of it
// that it need not: lengths, counts and text are checked.

#include <string>
#include <string_view>

#include "base/result.h"
#include "image/layer/apply.h"

namespace tare::layer {

/// A sign of life, any number of times before the report.
inline constexpr char kWorkerTick = '.';

std::string encode_report(const Result<AppliedLayer>& outcome);
/// The outcome. Text of an error is bounded and has no control characters; internal for what is no report.
Result<AppliedLayer> decode_report(std::string_view report);

/// Collects what comes through the pipe.
class WorkerReport {
  public:
    /// resource_exhausted beyond what any report may have.
    Result<> add(std::string_view bytes);
    bool is_empty() const { return text_.empty(); }
    Result<AppliedLayer> outcome() const { return decode_report(text_); }

  private:
    std::string text_;
};

}  // namespace tare::layer
