#include "store/transaction.h"

#include "base/fault.h"
#include "base/log.h"

namespace tare::store {

Transaction::State::~State() {
    abandon();
    if (reader) {
        database.give_back(std::move(reader));
    } else {
        database.writer_thread.store(std::thread::id());
    }
}

void Transaction::State::abandon() {
    if (!is_open) return;
    is_open = false;
    // Some failures (a full disk) have ended the transaction already.
    if (sqlite3_get_autocommit(connection().handle.get())) return;
    if (auto undone = connection().run("ROLLBACK"); !undone) log::failure("roll back", undone.error());
}

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Result<Statement> Transaction::query(std::string_view sql, std::initializer_list<Value> values) {
    if (!state_->is_open) return fail(ErrorKind::internal, "query after the end of its transaction: ", sql);
    Connection& connection = state_->connection();
    auto statement = std::make_unique<Statement::State>();
    statement->connection = &connection;
    statement->sql = sql;
    auto kept = connection.kept.find(sql);
    if (kept == connection.kept.end()) {
        auto compiled = TRY(connection.compile(sql));
        kept = connection.kept.emplace(sql, KeptStatement{std::move(compiled), false}).first;
    }
    if (kept->second.is_in_use) {
        statement->own = TRY(connection.compile(sql));
    } else {
        kept->second.is_in_use = true;
        statement->kept = &kept->second;
    }
    Statement result(std::move(statement));
    TRY(result.state_->bind(values));
    return result;
}

Result<std::int64_t> Transaction::execute(std::string_view sql, std::initializer_list<Value> values) {
    Statement statement = TRY(query(sql, values));
    if (TRY(statement.next())) return fail(ErrorKind::internal, "execute gives rows: ", sql);
    return static_cast<std::int64_t>(sqlite3_changes64(state_->connection().handle.get()));
}

std::int64_t Transaction::last_inserted_id() const {
    return sqlite3_last_insert_rowid(state_->connection().handle.get());
}

Result<> Transaction::commit() {
    if (!state_->is_open) return fail(ErrorKind::internal, "commit after the end of its transaction");
    auto outcome = fault::point("store.commit");
    if (outcome) outcome = state_->connection().run("COMMIT");
    if (outcome)
        state_->is_open = false;
    else
        state_->abandon();
    return outcome;
}

}  // namespace tare::store
