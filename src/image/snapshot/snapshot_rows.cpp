#include "image/snapshot/snapshot_rows.h"

#include <algorithm>

namespace tare::snapshot {

namespace {

constexpr std::size_t kMaxKeyBytes = 1024;

Result<Kind> parse_kind(std::string_view text) {
    for (Kind kind : {Kind::active, Kind::view, Kind::committed})
        if (to_string(kind) == text) return kind;
    return fail(ErrorKind::data_loss, "snapshot of unknown kind ", quote(text));
}

#define ROW_COLUMNS "id, key, coalesce(parent, ''), kind, labels, size, inodes, created_at, updated_at"

Result<Row> read_row(const store::Statement& columns) {
    Row row;
    row.id = columns.integer(0);
    row.info.name = columns.text(1);
    row.info.parent = columns.text(2);
    row.info.kind = TRY(parse_kind(columns.text(3)));
    row.info.labels = TRY(store::labels_of_text(columns.text(4)));
    row.usage = {.size_bytes = columns.size(5), .inodes = columns.size(6)};
    row.info.created = columns.time(7);
    row.info.updated = columns.time(8);
    return row;
}

std::optional<std::string_view> or_null(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::active:
            return "active";
        case Kind::view:
            return "view";
        case Kind::committed:
            return "committed";
    }
    return "unknown";
}

Result<> check_key(std::string_view key) {
    if (key.empty()) return fail(ErrorKind::invalid_argument, "a snapshot needs a key");
    if (key.size() > kMaxKeyBytes)
        return fail(ErrorKind::invalid_argument, "snapshot key of ", key.size(), " bytes: at most ",
                    kMaxKeyBytes);
    if (std::ranges::any_of(key, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
        return fail(ErrorKind::invalid_argument, "snapshot key ", quote(key), ": control character");
    return {};
}

Error SnapshotRows::not_found(const std::string& key) const {
    return fail(ErrorKind::not_found, "snapshot ", quote(key), " of ", snapshotter_, ": not found");
}

Result<Row> SnapshotRows::find(store::Transaction& transaction, const std::string& key) const {
    auto rows = TRY(transaction.query(
        "SELECT " ROW_COLUMNS " FROM snapshots WHERE snapshotter = ? AND key = ?", {snapshotter_, key}));
    if (!TRY(rows.next())) return not_found(key);
    return read_row(rows);
}

Result<std::vector<Row>> SnapshotRows::all(store::Transaction& transaction) const {
    auto rows = TRY(transaction.query(
        "SELECT " ROW_COLUMNS " FROM snapshots WHERE snapshotter = ? ORDER BY id", {snapshotter_}));
    std::vector<Row> found;
    while (TRY(rows.next()))
        found.push_back(TRY(read_row(rows)));
    return found;
}

Result<std::vector<std::int64_t>> SnapshotRows::chain(store::Transaction& transaction,
                                                      const std::string& parent) const {
    std::vector<std::int64_t> ids;
    std::string name = parent;
    while (!name.empty()) {
        auto rows = TRY(transaction.query(
            "SELECT id, kind, coalesce(parent, '') FROM snapshots WHERE snapshotter = ? AND key = ?",
            {snapshotter_, name}));
        if (!TRY(rows.next())) return not_found(name).prepend("parent");
        if (rows.text(1) != "committed")
            return fail(ErrorKind::failed_precondition, "parent snapshot ", quote(name), " is ", rows.text(1),
                        ", not committed");
        ids.push_back(rows.integer(0));
        name = rows.text(2);
    }
    return ids;
}

Result<std::int64_t> SnapshotRows::insert(store::Transaction& transaction, const Info& info) const {
    auto inserted = transaction.execute(
        "INSERT INTO snapshots (snapshotter, key, parent, kind, labels, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {snapshotter_, info.name, or_null(info.parent), to_string(info.kind), store::to_text(info.labels),
         info.created, info.updated});
    if (inserted) return transaction.last_inserted_id();
    if (!inserted.error().is(ErrorKind::already_exists)) return inserted.error();
    return fail(ErrorKind::already_exists, "snapshot ", quote(info.name), " of ", snapshotter_,
                ": already exists");
}

Result<> SnapshotRows::commit(store::Transaction& transaction, const Row& row, const std::string& name,
                              const std::string& parent, const Labels& labels, const Usage& usage) const {
    Time time = now();
    auto changed = transaction.execute(
        "UPDATE snapshots SET key = ?, kind = 'committed', parent = ?, labels = ?, size = ?, inodes = ?,"
        " created_at = ?, updated_at = ? WHERE id = ?",
        {name, or_null(parent), store::to_text(labels), usage.size_bytes, usage.inodes, time, time, row.id});
    if (changed) return {};
    if (!changed.error().is(ErrorKind::already_exists)) return changed.error();
    return fail(ErrorKind::already_exists, "snapshot ", quote(name), " of ", snapshotter_,
                ": already exists");
}

Result<> SnapshotRows::set_labels(store::Transaction& transaction, std::int64_t id,
                                  const Labels& labels) const {
    TRY(transaction.execute("UPDATE snapshots SET labels = ?, updated_at = ? WHERE id = ?",
                            {store::to_text(labels), now(), id}));
    return {};
}

Result<> SnapshotRows::remove(store::Transaction& transaction, const Row& row) const {
    auto children =
        TRY(transaction.query("SELECT key FROM snapshots WHERE snapshotter = ? AND parent = ? LIMIT 1",
                              {snapshotter_, row.info.name}));
    if (row.info.kind == Kind::committed && TRY(children.next()))
        return fail(ErrorKind::failed_precondition, "remove snapshot ", quote(row.info.name),
                    ": it is the parent of ", quote(children.text(0)));
    TRY(transaction.execute("DELETE FROM snapshots WHERE id = ?", {row.id}));
    return {};
}

}  // namespace tare::snapshot
