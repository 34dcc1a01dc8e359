#include "store/connection.h"

namespace tare::store {

namespace {

constexpr int kBusyTimeoutMs = 10'000;

ErrorKind kind_of(int code) {
    switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            return ErrorKind::already_exists;
        default:
            break;
    }
    switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
            return ErrorKind::failed_precondition;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorKind::unavailable;
        case SQLITE_FULL:
        case SQLITE_TOOBIG:
        case SQLITE_NOMEM:
            return ErrorKind::resource_exhausted;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorKind::data_loss;
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_AUTH:
            return ErrorKind::permission_denied;
        default:
            return ErrorKind::internal;
    }
}

std::string hint_of(ErrorKind kind, const std::string& path) {
    if (kind == ErrorKind::data_loss)
        return cat("stop tared, move ", path,
                   " with its -wal and -shm aside and start again with an empty store");
    if (kind == ErrorKind::resource_exhausted) return cat("free space on the file system of ", path);
    if (kind == ErrorKind::unavailable) return cat("another process has locked ", path, "; end it");
    return {};
}

}  // namespace

Error Connection::error(int code, std::string_view attempt) const {
    ErrorKind kind = kind_of(code);
    const char* words = handle ? sqlite3_errmsg(handle.get()) : sqlite3_errstr(code);
    // In the words that everything else says it with.
    if ((code & 0xff) == SQLITE_FULL) words = "No space left on device";
    Error error = fail(kind, "database ", path, ": ", attempt, ": ", words);
    error.set_hint(hint_of(kind, path));
    if (handle) error.set_error_number(sqlite3_system_errno(handle.get()));
    return error;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
    auto connection = std::make_unique<Connection>();
    connection->path = path;
    sqlite3* raw = nullptr;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    connection->handle.reset(raw);
    if (code != SQLITE_OK) return connection->error(code, "open");
    sqlite3_busy_timeout(raw, kBusyTimeoutMs);
    for (int option : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY})
        sqlite3_db_config(raw, option, 1, 0);
    for (int option :
         {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
          SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL})
        sqlite3_db_config(raw, option, 0, 0);
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
    // The caches are small on purpose: an idle daemon is to weigh next to nothing.
    TRY(
        connection->run("PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON; PRAGMA cache_size = -1024;"
                        "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304;"));
    return connection;
}

Result<> Connection::run(const std::string& sql) {
    int code = sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code, sql.substr(0, sql.find('\n')));
    return {};
}

Result<StatementHandle> Connection::compile(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v3(handle.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return error(code, sql);
    return StatementHandle(raw);
}

Result<std::string> Connection::ask(const std::string& sql) {
    StatementHandle statement = TRY(compile(sql));
    int code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) return std::string();
    if (code != SQLITE_ROW) return error(code, sql);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    return text ? std::string(text) : std::string();
}

}  // namespace tare::store
