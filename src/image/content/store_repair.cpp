// What a SIGKILL or a power loss can leave behind, and what becomes of it: see README.md.

#include <fcntl.h>

#include "base/log.h"
#include "image/content/rows.h"
#include "image/content/store_state.h"
#include "posix/file.h"
#include "posix/tree.h"

namespace tare::content {

Result<std::optional<std::uint64_t>> size_of_file(const std::string& directory, const std::string& name) {
    posix::Fd fd = TRY(posix::open_file(directory, O_PATH | O_DIRECTORY));
    auto status = TRY(posix::status_at(fd.get(), name));
    if (!status || !status->is(posix::FileType::regular)) return std::optional<std::uint64_t>();
    return std::optional(status->size_bytes);
}

Result<> Store::State::repair() {
    TRY(finish_commits());
    TRY(drop_rows_without_files());
    TRY(remove_unreferenced_blobs());
    TRY(remove_unreferenced_ingests());
    return {};
}

/// An ingest whose file is gone while an unknown blob of its digest is in place: the commit got as far
/// as the rename, so the content was checked and is durable, and only the row lacks.
Result<> Store::State::finish_commits() {
    auto ingests = TRY(database.read([](store::Transaction& t) { return rows::list_ingests(t, ""); }));
    for (const auto& row : ingests) {
        if (TRY(size_of_file(ingest_directory(), row.file))) continue;
        std::optional<std::uint64_t> size;
        if (const auto& digest = row.expected_digest; !digest.empty())
            size = TRY(size_of_file(blob_directory(digest.algorithm()), std::string(digest.hex())));
        TRY(database.write([&](store::Transaction& t) -> Result<> {
            if (size && !TRY(rows::size_anywhere(t, row.expected_digest)))
                TRY(rows::put_blob(t, row.name_space, row.expected_digest, *size, row.labels));
            return rows::remove_ingest(t, row.name_space, row.ref);
        }));
        log::info(size ? "interrupted commit finished" : "ingest without data dropped", {{"ref", row.ref}});
    }
    return {};
}

Result<> Store::State::drop_rows_without_files() {
    struct Row {
        Digest digest;
        std::uint64_t size_bytes;
    };
    auto known = TRY(database.read([](store::Transaction& t) -> Result<std::vector<Row>> {
        std::vector<Row> found;
        auto rows = TRY(t.query("SELECT digest, max(size) FROM blobs GROUP BY digest"));
        while (TRY(rows.next())) {
            Digest digest = TRY(rows.digest(0));
            found.push_back({std::move(digest), rows.size(1)});
        }
        return found;
    }));
    for (const auto& row : known) {
        auto size = TRY(size_of_file(blob_directory(row.digest.algorithm()), std::string(row.digest.hex())));
        if (size == row.size_bytes) continue;
        log::warning("content is lost: its file is missing or cut short; pull its image again",
                     {{"digest", row.digest.text()}, {"directory", directory}});
        TRY(database.write([&](store::Transaction& t) -> Result<> {
            TRY(t.execute("DELETE FROM blobs WHERE digest = ?", {row.digest}));
            return {};
        }));
    }
    return {};
}

Result<std::uint64_t> Store::State::remove_unreferenced_blobs() {
    std::lock_guard lock(files_mutex);
    auto known = TRY(database.read([](store::Transaction& t) -> Result<std::set<std::string>> {
        std::set<std::string> digests;
        auto rows = TRY(t.query("SELECT DISTINCT digest FROM blobs"));
        while (TRY(rows.next()))
            digests.insert(rows.text(0));
        return digests;
    }));
    std::uint64_t freed = 0;
    for (auto algorithm : kAlgorithms) {
        for (const auto& name : TRY(posix::list_directory(blob_directory(algorithm)))) {
            if (known.contains(cat(algorithm, ":", name))) continue;
            freed += TRY(size_of_file(blob_directory(algorithm), name))
            .value_or(0);
            TRY(posix::remove_tree(cat(blob_directory(algorithm), "/", name)));
        }
    }
    return freed;
}

Result<std::uint64_t> Store::State::remove_unreferenced_ingests() {
    std::uint64_t freed = 0;
    for (const auto& name : TRY(posix::list_directory(ingest_directory()))) {
        // A writer joins the set first, then makes file and row; here it waits rather than fails.
        std::lock_guard lock(writers.mutex);
        if (writers.files.contains(name)) continue;
        bool is_known = TRY(database.read([&](store::Transaction& t) -> Result<bool> {
            auto rows = TRY(t.query("SELECT 1 FROM ingests WHERE file = ?", {name}));
            return rows.next();
        }));
        if (is_known) continue;
        freed += TRY(size_of_file(ingest_directory(), name))
        .value_or(0);
        TRY(posix::remove_tree(ingest_path(name)));
    }
    return freed;
}

Result<std::uint64_t> Store::remove_unreferenced_files() {
    std::uint64_t blobs = TRY(state_->remove_unreferenced_blobs());
    return blobs + TRY(state_->remove_unreferenced_ingests());
}

}  // namespace tare::content
