#include "store/database.h"

#include <fcntl.h>

#include "posix/file.h"
#include "posix/tree.h"
#include "store/migrate.h"
#include "store/transaction.h"

namespace tare::store {

namespace {

constexpr std::size_t kIdleReaders = 4;

std::pair<std::string, std::string> split_path(const std::string& path) {
    auto slash = path.rfind('/');
    if (slash == std::string::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// The file exists, is a regular one and nobody but its owner may open it; -wal and -shm inherit that.
/// An existing file is not opened here: closing it would drop SQLite's locks, which are the process's.
Result<> make_private_file(const std::string& path) {
    auto [parent, name] = split_path(path);
    posix::Fd directory = TRY(posix::open_file(parent, O_RDONLY | O_DIRECTORY));
    auto status = TRY(posix::status_at(directory.get(), name));
    if (!status) {
        auto created = posix::create_file_at(directory.get(), name, 0600);
        if (!created) return created.error();
        return posix::sync_directory(parent);
    }
    if (!status->is(posix::FileType::regular))
        return fail(ErrorKind::failed_precondition, "database ", path, ": it is not a regular file");
    if ((status->permissions & 0077) != 0) TRY(posix::set_permissions_at(directory.get(), name, 0600));
    return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> Database::State::take_reader() {
    {
        std::lock_guard lock(readers_mutex);
        if (!idle_readers.empty()) {
            auto reader = std::move(idle_readers.back());
            idle_readers.pop_back();
            return reader;
        }
    }
    auto reader = TRY(Connection::open(path));
    TRY(reader->run("PRAGMA query_only = ON"));
    return reader;
}

void Database::State::give_back(std::unique_ptr<Connection> reader) {
    std::lock_guard lock(readers_mutex);
    if (idle_readers.size() < kIdleReaders) idle_readers.push_back(std::move(reader));
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
    return open(path, Schema::current());
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Schema& schema) {
    TRY(make_private_file(path));
    auto state = std::make_unique<State>();
    state->path = path;
    state->writer = TRY(Connection::open(path));
    std::string mode = TRY(state->writer->ask("PRAGMA journal_mode = WAL"));
    if (mode != "wal")
        return fail(ErrorKind::failed_precondition, "database ", path,
                    ": its file system cannot share memory (journal ", mode, ")")
            .set_hint("put --root on a local file system");
    // Tables are there for good before the first file is that they know of.
    TRY(state->writer->run("PRAGMA synchronous = FULL"));
    state->writer->is_durable_against_power = true;
    TRY(migrate(*state->writer, schema));
    return std::unique_ptr<Database>(new Database(std::move(state)));
}

const std::string& Database::path() const {
    return state_->path;
}

Result<Transaction> Database::begin_read() {
    auto reader = TRY(state_->take_reader());
    TRY(reader->run("BEGIN"));
    auto transaction = std::make_unique<Transaction::State>(*state_);
    transaction->reader = std::move(reader);
    return Transaction(std::move(transaction));
}

Result<Transaction> Database::begin_write(Durability durability) {
    if (state_->writer_thread.load() == std::this_thread::get_id())
        return fail(ErrorKind::internal, "database ", state_->path,
                    ": this thread has a writing transaction open already");
    std::unique_lock lock(state_->writer_mutex);
    Connection& connection = *state_->writer;
    bool for_power = durability == Durability::power;
    if (connection.is_durable_against_power != for_power) {
        TRY(connection.run(for_power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
        connection.is_durable_against_power = for_power;
    }
    TRY(connection.run("BEGIN IMMEDIATE"));
    state_->writer_thread.store(std::this_thread::get_id());
    auto transaction = std::make_unique<Transaction::State>(*state_);
    transaction->writer_lock = std::move(lock);
    return Transaction(std::move(transaction));
}

}  // namespace tare::store
