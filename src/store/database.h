#pragma once

// The one SQLite file of the daemon. This folder is the only one that knows SQLite; what the tables
// mean stands in schema.sql.
//
//     std::int64_t size = TRY(database.read([&](store::Transaction& t) -> Result<std::int64_t> {
//         auto rows = TRY(t.query("SELECT size FROM blobs WHERE namespace = ? AND digest = ?", {ns,
//         digest})); if (!TRY(rows.next())) return fail(ErrorKind::not_found, "content ", digest.text(), ":
//         not found"); return rows.integer(0);
//     }));
//
//     TRY(database.write([&](store::Transaction& t) -> Result<> {
//         TRY(t.execute("INSERT INTO volumes (name, created_at) VALUES (?, ?)", {name, now()}));
//         return {};                       // commits; a failure returned here rolls back
//     }));
//
// Reading transactions see one state and never wait; writing ones stand in line behind each other.
// Keep both short: no network, no waiting for processes inside.
//
// Errors by kind: already_exists (a UNIQUE or primary key is taken), failed_precondition (a foreign key,
// a CHECK), resource_exhausted (disk full), unavailable (another process keeps the file locked),
// data_loss (the file is damaged), internal (a statement that is wrong).

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "store/value.h"

namespace tare::store {

class Schema;

/// A running query: one row at a time. Ends with its destruction, which comes before that of its
/// transaction.
class Statement {
  public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) noexcept;
    ~Statement();

    /// Moves to the next row; false after the last.
    Result<bool> next();

    // Columns of the present row, counted from 0. NULL reads as "" and 0.
    bool is_null(int column) const;
    std::string text(int column) const;
    std::int64_t integer(int column) const;
    std::uint64_t size(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    bool boolean(int column) const { return integer(column) != 0; }
    Time time(int column) const { return Time(std::chrono::nanoseconds(integer(column))); }
    std::optional<std::string> optional_text(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const;
    /// A digest column; data_loss if it holds something else. NULL is the empty digest.
    Result<Digest> digest(int column) const;

  private:
    friend class Transaction;
    struct State;
    explicit Statement(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A unit of reading or writing, used by the thread that began it. Destroyed without commit, it rolls
/// back.
class Transaction {
  public:
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// Binds the values to the ?s (or ?1, ?2 …) in their order. The compiled statement is kept, so pass
    /// literals and never glue values into the text.
    Result<Statement> query(std::string_view sql, std::initializer_list<Value> values = {});
    /// Runs a statement that gives no rows; returns how many rows it changed.
    Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> values = {});
    /// The rowid that the last INSERT gave.
    std::int64_t last_inserted_id() const;

    /// Makes the changes visible to others. On failure they are rolled back.
    Result<> commit();

  private:
    friend class Database;
    struct State;
    explicit Transaction(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// What a committed change survives.
enum class Durability {
    process,  ///< SIGKILL of the daemon. After a power loss the file is whole, but the last commits may lack.
    power,    ///< Power loss: one fsync. For what a later deletion of files relies on.
};

/// The open database; all methods may be called from any thread.
class Database {
  public:
    /// Opens or creates the file (0600; WAL), checks it and brings it to this program's schema.
    /// failed_precondition if a newer tare wrote it, data_loss if it is damaged or not tare's; both with
    /// a hint. The schema parameter is for tests.
    static Result<std::unique_ptr<Database>> open(const std::string& path);
    static Result<std::unique_ptr<Database>> open(const std::string& path, const Schema& schema);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    const std::string& path() const;

    /// Begins a reading transaction on a connection of its own.
    Result<Transaction> begin_read();
    /// Begins a writing transaction; waits for the one before. `internal` if this thread has one open
    /// already, which would wait for itself.
    Result<Transaction> begin_write(Durability durability = Durability::process);

    /// Calls work(Transaction&), which returns a Result, and passes it on.
    template <class Work>
    auto read(Work&& work) -> std::invoke_result_t<Work, Transaction&> {
        Transaction transaction = TRY(begin_read());
        return work(transaction);
    }
    /// The same for changes: commits if the work succeeded.
    template <class Work>
    auto write(Work&& work, Durability durability = Durability::process)
        -> std::invoke_result_t<Work, Transaction&> {
        Transaction transaction = TRY(begin_write(durability));
        auto outcome = work(transaction);
        if (outcome) TRY(transaction.commit());
        return outcome;
    }

  private:
    friend class Transaction;
    struct State;
    explicit Database(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tare::store
