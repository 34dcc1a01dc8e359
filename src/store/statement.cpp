#include "store/transaction.h"

namespace tare::store {

namespace {

struct Binder {
    sqlite3_stmt* handle;
    int index;

    int operator()(std::monostate) const { return sqlite3_bind_null(handle, index); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(handle, index, value); }
    int operator()(std::string_view value) const {
        // A null pointer would bind NULL; an empty text is not that.
        const char* data = value.data() ? value.data() : "";
        return sqlite3_bind_text64(handle, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
};

}  // namespace

Result<> Statement::State::bind(std::initializer_list<Value> values) {
    int expected = sqlite3_bind_parameter_count(handle());
    if (expected != static_cast<int>(values.size()))
        return fail(ErrorKind::internal, "statement takes ", expected, " values, not ", values.size(), ": ",
                    sql);
    int index = 0;
    for (const auto& value : values) {
        int code = std::visit(Binder{handle(), ++index}, value.variant());
        if (code != SQLITE_OK) return connection->error(code, sql);
    }
    return {};
}

Statement::Statement(std::unique_ptr<State> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

Statement::~Statement() {
    if (!state_ || !state_->kept) return;
    // Errors of the last step come again from reset; they were returned then.
    sqlite3_reset(state_->handle());
    sqlite3_clear_bindings(state_->handle());
    state_->kept->is_in_use = false;
}

Result<bool> Statement::next() {
    int code = sqlite3_step(state_->handle());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return state_->connection->error(code, state_->sql);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(state_->handle(), column) == SQLITE_NULL;
}

std::string Statement::text(int column) const {
    // The text first: asking for it may convert, which the size is of.
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(state_->handle(), column));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(state_->handle(), column));
    return bytes ? std::string(bytes, size) : std::string();
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(state_->handle(), column);
}

std::optional<std::string> Statement::optional_text(int column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

Result<Digest> Statement::digest(int column) const {
    if (is_null(column)) return Digest();
    auto parsed = Digest::parse(text(column));
    if (!parsed)
        return fail(ErrorKind::data_loss, "database ", state_->connection->path, ": ",
                    parsed.error().message());
    return parsed;
}

}  // namespace tare::store
