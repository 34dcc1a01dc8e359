#pragma once

// What Database hands to a Transaction, and a Transaction to its Statements. Private to this folder.

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "store/connection.h"
#include "store/database.h"

namespace tare::store {

/// The connections of a database: one that writes, and as many that read as read at once.
struct Database::State {
    std::string path;

    std::mutex writer_mutex;  // held by the writing transaction
    std::unique_ptr<Connection> writer;
    std::atomic<std::thread::id> writer_thread;

    std::mutex readers_mutex;
    std::vector<std::unique_ptr<Connection>> idle_readers;

    Result<std::unique_ptr<Connection>> take_reader();
    void give_back(std::unique_ptr<Connection> reader);
};

struct Transaction::State {
    explicit State(Database::State& database_state) : database(database_state) {}
    ~State();

    Connection& connection() const { return reader ? *reader : *database.writer; }
    /// Rolls back what is still open.
    void abandon();

    Database::State& database;
    std::unique_ptr<Connection> reader;        // of a reading transaction
    std::unique_lock<std::mutex> writer_lock;  // of a writing one
    bool is_open = true;
};

struct Statement::State {
    Connection* connection = nullptr;
    KeptStatement* kept = nullptr;  // nullptr if `own` is it
    StatementHandle own;
    std::string sql;

    sqlite3_stmt* handle() const { return kept ? kept->handle.get() : own.get(); }
    Result<> bind(std::initializer_list<Value> values);
};

}  // namespace tare::store
