#pragma once

// Streams of JSON documents (events, pull progress): cut into documents as the bytes come.

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli::docker {

/// Feeds documents to a callback as soon as each is complete. Documents may be separated by
/// newlines or by nothing at all.
class JsonLines {
  public:
    explicit JsonLines(std::function<Result<>(const Json&)> on_document)
        : on_document_(std::move(on_document)) {}

    /// The next bytes; a failure of the callback or of the parser ends the stream.
    Result<> feed(std::string_view bytes);

  private:
    std::function<Result<>(const Json&)> on_document_;
    std::string pending_;
    std::size_t scanned_ = 0;
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

}  // namespace tare::cli::docker
