#pragma once

// The rows of one snapshotter in the table `snapshots`, and the rules that hold between them. Each
// function is a step of the caller's transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/snapshot/snapshotter.h"
#include "store/database.h"

namespace tare::snapshot {

struct Row {
    std::int64_t id = 0;  ///< names the directory
    Info info;
    Usage usage;  ///< of a committed one
};

class SnapshotRows {
  public:
    explicit SnapshotRows(std::string snapshotter) : snapshotter_(std::move(snapshotter)) {}

    const std::string& snapshotter() const { return snapshotter_; }

    /// not_found if it is not there.
    Result<Row> find(store::Transaction& transaction, const std::string& key) const;
    Result<std::vector<Row>> all(store::Transaction& transaction) const;
    /// The ids of `parent` and of what lies below it, nearest first; empty for "". not_found if it is not
    /// there, failed_precondition if it is not committed.
    Result<std::vector<std::int64_t>> chain(store::Transaction& transaction, const std::string& parent) const;

    /// already_exists if the key is taken. Answers the id.
    Result<std::int64_t> insert(store::Transaction& transaction, const Info& info) const;
    /// Makes the active `row` the committed `name`. already_exists if the name is taken.
    Result<> commit(store::Transaction& transaction, const Row& row, const std::string& name,
                    const std::string& parent, const Labels& labels, const Usage& usage) const;
    Result<> set_labels(store::Transaction& transaction, std::int64_t id, const Labels& labels) const;
    /// failed_precondition, naming one of them, if others have it as parent.
    Result<> remove(store::Transaction& transaction, const Row& row) const;

  private:
    Error not_found(const std::string& key) const;

    std::string snapshotter_;
};

/// invalid_argument unless it is 1 to 1024 bytes without control characters.
Result<> check_key(std::string_view key);

}  // namespace tare::snapshot
