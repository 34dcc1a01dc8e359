#pragma once

// The schema as numbered steps. A new file gets schema.sql at once; an old one gets the steps that it
// lacks, each in a transaction of its own. PRAGMA user_version holds the number.

#include <string_view>
#include <vector>

namespace tare::store {

/// From version `version - 1` to `version`.
struct Migration {
    int version;
    std::string_view sql;
};

/// What the tables of a database of this program look like, and how older ones become so.
class Schema {
  public:
    /// `migrations` in ascending order without a gap, the last one leading to `version`. Borrows the texts.
    Schema(int version, std::string_view sql, std::vector<Migration> migrations)
        : version_(version), sql_(sql), migrations_(std::move(migrations)) {}

    /// schema.sql and all steps that ever led to it.
    static const Schema& current();

    int version() const { return version_; }
    std::string_view sql() const { return sql_; }
    const std::vector<Migration>& migrations() const { return migrations_; }

  private:
    int version_;
    std::string_view sql_;
    std::vector<Migration> migrations_;
};

}  // namespace tare::store
