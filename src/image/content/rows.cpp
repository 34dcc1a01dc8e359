#include "image/content/rows.h"

namespace tare::content::rows {

namespace {

Result<Info> read_blob(const store::Statement& row) {
    Info info;
    info.digest = TRY(row.digest(0));
    info.size_bytes = row.size(1);
    info.created = row.time(3);
    info.updated = row.time(4);
    info.labels = TRY(store::labels_of_text(row.text(2)));
    return info;
}

Result<IngestRow> read_ingest(const store::Statement& row) {
    IngestRow ingest;
    ingest.name_space = row.text(0);
    ingest.ref = row.text(1);
    ingest.file = row.text(2);
    ingest.expected_digest = TRY(row.digest(3));
    ingest.labels = TRY(store::labels_of_text(row.text(5)));
    ingest.started = row.time(6);
    ingest.updated = row.time(7);
    if (!row.is_null(4)) ingest.expected_size = row.size(4);
    return ingest;
}

}  // namespace

Result<std::optional<Info>> find_blob(store::Transaction& t, std::string_view name_space,
                                      const Digest& digest) {
    auto rows = TRY(t.query(
        "SELECT digest, size, labels, created_at, updated_at FROM blobs WHERE namespace = ? AND digest = ?",
        {name_space, digest}));
    if (!TRY(rows.next())) return std::optional<Info>();
    return std::optional<Info>(TRY(read_blob(rows)));
}

Result<std::vector<Info>> list_blobs(store::Transaction& t, std::string_view name_space, const Digest& after,
                                     int limit) {
    std::vector<Info> blobs;
    auto rows = TRY(t.query(
        "SELECT digest, size, labels, created_at, updated_at FROM blobs WHERE namespace = ? AND digest > ?"
        " ORDER BY digest LIMIT ?",
        {name_space, after.text(), limit}));
    while (TRY(rows.next()))
        blobs.push_back(TRY(read_blob(rows)));
    return blobs;
}

Result<std::optional<std::uint64_t>> size_anywhere(store::Transaction& t, const Digest& digest) {
    auto rows = TRY(t.query("SELECT size FROM blobs WHERE digest = ? LIMIT 1", {digest}));
    if (!TRY(rows.next())) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(rows.size(0));
}

Result<Info> put_blob(store::Transaction& t, std::string_view name_space, const Digest& digest,
                      std::uint64_t size_bytes, const store::Labels& labels) {
    auto present = TRY(find_blob(t, name_space, digest));
    if (present) {
        auto before = present->labels;
        for (const auto& [key, value] : labels)
            present->labels[key] = value;
        if (present->labels != before) {
            present->updated = now();
            TRY(set_labels(t, name_space, *present));
        }
        return *present;
    }
    Time time = now();
    TRY(
        t.execute("INSERT INTO blobs (namespace, digest, size, labels, created_at, updated_at) VALUES (?, ?, "
                  "?, ?, ?, ?)",
                  {name_space, digest, size_bytes, store::to_text(labels), time, time}));
    return Info{
        .digest = digest, .size_bytes = size_bytes, .created = time, .updated = time, .labels = labels};
}

Result<> set_labels(store::Transaction& t, std::string_view name_space, const Info& info) {
    TRY(t.execute("UPDATE blobs SET labels = ?, updated_at = ? WHERE namespace = ? AND digest = ?",
                  {store::to_text(info.labels), info.updated, name_space, info.digest}));
    return {};
}

Result<bool> remove_blob(store::Transaction& t, std::string_view name_space, const Digest& digest) {
    return TRY(t.execute("DELETE FROM blobs WHERE namespace = ? AND digest = ?", {name_space, digest}))
    > 0;
}

Result<std::optional<IngestRow>> find_ingest(store::Transaction& t, std::string_view name_space,
                                             std::string_view ref) {
    auto rows =
        TRY(t.query("SELECT namespace, ref, file, expected_digest, expected_size, labels, started_at, "
                    "updated_at FROM ingests"
                    " WHERE namespace = ? AND ref = ?",
                    {name_space, ref}));
    if (!TRY(rows.next())) return std::optional<IngestRow>();
    return std::optional<IngestRow>(TRY(read_ingest(rows)));
}

Result<std::vector<IngestRow>> list_ingests(store::Transaction& t, std::string_view name_space) {
    std::vector<IngestRow> ingests;
    auto rows =
        TRY(t.query("SELECT namespace, ref, file, expected_digest, expected_size, labels, started_at, "
                    "updated_at FROM ingests"
                    " WHERE ?1 = '' OR namespace = ?1 ORDER BY namespace, ref",
                    {name_space}));
    while (TRY(rows.next()))
        ingests.push_back(TRY(read_ingest(rows)));
    return ingests;
}

Result<> put_ingest(store::Transaction& t, const IngestRow& row) {
    TRY(
        t.execute("INSERT OR REPLACE INTO ingests (namespace, ref, file, expected_digest, expected_size, "
                  "labels, started_at,"
                  " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                  {row.name_space, row.ref, row.file, row.expected_digest, row.expected_size,
                   store::to_text(row.labels), row.started, row.updated}));
    return {};
}

Result<> remove_ingest(store::Transaction& t, std::string_view name_space, std::string_view ref) {
    TRY(t.execute("DELETE FROM ingests WHERE namespace = ? AND ref = ?", {name_space, ref}));
    TRY(t.execute("DELETE FROM lease_resources WHERE namespace = ? AND kind = 'ingest' AND id = ?",
                  {name_space, ref}));
    return {};
}

}  // namespace tare::content::rows
