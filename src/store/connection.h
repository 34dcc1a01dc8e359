#pragma once

// One SQLite connection and its compiled statements. Private to this folder; used by one thread at a
// time, which the Database sees to.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/result.h"

namespace tare::store {

struct CloseConnection {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct FinalizeStatement {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// A compiled statement that is kept for the next use of the same text.
struct KeptStatement {
    StatementHandle handle;
    bool is_in_use = false;
};

struct Connection {
    /// Opens an existing file and makes it safe for content that others may have touched (security TA5):
    /// no views, triggers, extensions or attached files; the schema may call no functions with effects.
    static Result<std::unique_ptr<Connection>> open(const std::string& path);

    /// Runs statements that give no rows and take no values.
    Result<> run(const std::string& sql);
    /// The first column of the first row, "" if there is none.
    Result<std::string> ask(const std::string& sql);
    Result<StatementHandle> compile(std::string_view sql);
    /// The present error of the handle: what was attempted, and SQLite's words.
    Error error(int code, std::string_view attempt) const;

    std::string path;
    std::unique_ptr<sqlite3, CloseConnection> handle;
    std::map<std::string, KeptStatement, std::less<>> kept;  // ends before the handle
    bool is_durable_against_power = false;                   // PRAGMA synchronous is FULL
};

}  // namespace tare::store
