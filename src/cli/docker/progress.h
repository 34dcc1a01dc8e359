#pragma once

// Shows the JSON progress of pull, load and import: bars on a terminal, plain lines elsewhere.

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli::docker {

/// Prints progress documents to a descriptor. On a terminal each layer keeps its line, which is
/// drawn over; elsewhere only lines that end something are printed once.
class Progress {
  public:
    enum class Style { terminal, plain };
    Progress(int fd, Style style, std::size_t columns) : fd_(fd), style_(style), columns_(columns) {}
    /// The style that fits the descriptor.
    static Progress for_descriptor(int fd);

    /// Shows one document; the error it carries is the failure.
    Result<> show(const Json& document);
    /// The `aux` member of a document that had one (digest, image id).
    const Json& auxiliary() const { return auxiliary_; }

  private:
    std::string bar_of(const Json& detail) const;
    void print_line(const std::string& id, const std::string& text);

    int fd_;
    Style style_;
    std::size_t columns_;
    std::map<std::string, std::size_t> lines_;  ///< id -> line from the top
    Json auxiliary_;
};

}  // namespace tare::cli::docker
