#include "store/migrate.h"

#include "base/fault.h"
#include "base/log.h"

namespace tare::store {

namespace {

Error damaged(const Connection& connection, std::string_view why) {
    Error error = fail(ErrorKind::data_loss, "database ", connection.path, ": ", why);
    error.set_hint(
        cat("stop tared, move ", connection.path,
            " with its -wal and -shm aside and start again with an empty store, or restore a copy"));
    return error;
}

Result<int> number(Connection& connection, const std::string& sql) {
    auto value = parse_integer<int>(TRY(connection.ask(sql)));
    if (!value) return damaged(connection, cat(sql, " gives no number"));
    return *value;
}

/// The file is whole, and its schema holds nothing that could run by itself.
Result<> check(Connection& connection) {
    std::string verdict = TRY(connection.ask("PRAGMA quick_check(1)"));
    if (verdict != "ok") return damaged(connection, verdict);
    std::string foreign =
        TRY(connection.ask("SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger')"));
    if (!foreign.empty())
        return damaged(connection, cat("it holds ", quote(foreign), ", which tare never made"));
    return {};
}

Result<> apply(Connection& connection, std::string_view sql, int version) {
    TRY(connection.run("BEGIN IMMEDIATE"));
    auto steps = [&]() -> Result<> {
        TRY(connection.run(std::string(sql)));
        std::string broken = TRY(connection.ask("PRAGMA foreign_key_check"));
        if (!broken.empty())
            return damaged(connection, cat("rows of ", broken, " refer to rows that are not there"));
        TRY(connection.run(cat("PRAGMA user_version = ", version)));
        TRY(fault::point("store.migrate.applied"));
        return connection.run("COMMIT");
    };
    auto outcome = steps();
    if (!outcome && !sqlite3_get_autocommit(connection.handle.get())) {
        // The first failure is the one to tell.
        if (auto undone = connection.run("ROLLBACK"); !undone)
            log::failure("roll back a migration", undone.error());
    }
    return outcome;
}

Result<> create(Connection& connection, const Schema& schema) {
    TRY_CONTEXT(apply(connection, cat("PRAGMA application_id = ", kApplicationId, ";\n", schema.sql()),
                      schema.version()),
                "create tables");
    return {};
}

}  // namespace

Result<> migrate(Connection& connection, const Schema& schema) {
    int application = TRY(number(connection, "PRAGMA application_id"));
    bool is_empty = TRY(number(connection, "SELECT count(*) FROM sqlite_schema"))
    == 0;
    if (is_empty && application == 0) return create(connection, schema);
    if (application != kApplicationId) return damaged(connection, "it is not a database of tare");
    TRY(check(connection));
    int version = TRY(number(connection, "PRAGMA user_version"));
    if (version > schema.version()) {
        Error error = fail(ErrorKind::failed_precondition, "database ", connection.path,
                           ": a newer tare wrote it (schema ", version, "; this one knows up to ",
                           schema.version(), ")");
        return error.set_hint("start the newer tared again, or give this one another --root");
    }
    for (const auto& step : schema.migrations()) {
        if (step.version <= version) continue;
        TRY_CONTEXT(apply(connection, step.sql, step.version), cat("migrate to schema ", step.version));
        log::info("database migrated", {{"path", connection.path}, {"schema", cat(step.version)}});
    }
    return {};
}

}  // namespace tare::store
