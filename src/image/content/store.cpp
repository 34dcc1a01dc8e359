#include "image/content/store.h"

#include <fcntl.h>

#include "base/fault.h"
#include "base/sha256.h"
#include "image/content/rows.h"
#include "image/content/store_state.h"
#include "posix/file.h"
#include "posix/random.h"

namespace tare::content {

namespace {

constexpr int kWalkPage = 256;

Error not_found(const Digest& digest) {
    return fail(ErrorKind::not_found, "content ", digest.text(), ": not found");
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& directory, store::Database& database,
                                           Sharing sharing) {
    TRY(posix::make_directories(directory, 0700));
    TRY(posix::make_directories(directory + "/ingest", 0700));
    TRY(posix::make_directories(directory + "/blobs", 0700));
    std::unique_ptr<State> state(new State{.directory = directory, .database = database, .sharing = sharing});
    for (auto algorithm : kAlgorithms)
        TRY(posix::make_directories(state->blob_directory(algorithm), 0700));
    TRY(posix::sync_directory(directory + "/blobs"));
    TRY(posix::sync_directory(directory));
    TRY_CONTEXT(state->repair(), cat("repair ", directory));
    return std::unique_ptr<Store>(new Store(std::move(state)));
}

Result<Info> Store::info(std::string_view name_space, const Digest& digest) {
    auto found = TRY(
        state_->database.read([&](store::Transaction& t) { return rows::find_blob(t, name_space, digest); }));
    if (!found) return not_found(digest);
    return *found;
}

Result<posix::Fd> Store::open_blob(std::string_view name_space, const Digest& digest) {
    TRY(info(name_space, digest));
    auto file = posix::open_file(state_->blob_path(digest), O_RDONLY | O_NOFOLLOW);
    // Removed between the two steps: the same as before the first.
    if (!file && file.error().is(ErrorKind::not_found)) return not_found(digest);
    return file;
}

Result<std::string> Store::read(std::string_view name_space, const Digest& digest, std::size_t max_bytes) {
    posix::Fd file = TRY(open_blob(name_space, digest));
    std::string bytes =
        TRY_CONTEXT(posix::read_to_end(file.get(), max_bytes), cat("content ", digest.text()));
    Hasher hasher = Hasher::for_digest(digest);
    hasher.update(bytes);
    if (hasher.digest() != digest)
        return fail(ErrorKind::data_loss, "content ", digest.text(), ": its file was changed (it is ",
                    hasher.digest().text(), " now)")
            .set_hint("remove the image and pull it again");
    return bytes;
}

Result<> Store::walk(std::string_view name_space, const std::function<Result<>(const Info&)>& visit) {
    Digest last;
    while (true) {
        auto page = TRY(state_->database.read(
            [&](store::Transaction& t) { return rows::list_blobs(t, name_space, last, kWalkPage); }));
        for (const auto& blob : page)
            TRY(visit(blob));
        if (page.size() < kWalkPage) return {};
        last = page.back().digest;
    }
}

Result<Info> Store::put(std::string_view name_space, std::string_view bytes, const store::Labels& labels,
                        std::string_view lease) {
    Digest digest = sha256(bytes);
    // A ref of its own: two that put the same at once do not wait for each other.
    std::string ref = cat("put-", digest.short_hex(), "-", TRY(posix::random_hex(8)));
    const IngestOptions options{.expected_digest = digest,
                                .expected_size = bytes.size(),
                                .labels = labels,
                                .lease = std::string(lease)};
    auto ingest = TRY(begin(name_space, ref, options));
    while (!ingest) {
        auto present = info(name_space, digest);
        if (present || !present.error().is(ErrorKind::not_found)) return present;
        // Removed by another since begin() saw it.
        ingest = TRY(begin(name_space, ref, options));
    }
    auto written = ingest->write(bytes);
    if (!written) {
        if (auto dropped = ingest->abort(); !dropped) return dropped.error();
        return written.error();
    }
    return ingest->commit();
}

Result<Info> Store::update_labels(std::string_view name_space, const Digest& digest,
                                  const store::LabelChanges& changes) {
    return state_->database.write([&](store::Transaction& t) -> Result<Info> {
        auto found = TRY(rows::find_blob(t, name_space, digest));
        if (!found) return not_found(digest);
        store::apply(changes, found->labels);
        TRY(store::check_labels(found->labels));
        found->updated = now();
        TRY(rows::set_labels(t, name_space, *found));
        return *found;
    });
}

Result<> Store::remove(std::string_view name_space, const Digest& digest) {
    std::lock_guard lock(state_->files_mutex);
    // Durable before the unlink: no row may come back for a file that is gone.
    bool is_last = TRY(state_->database.write(
        [&](store::Transaction& t) -> Result<bool> {
            if (!TRY(rows::remove_blob(t, name_space, digest))) return not_found(digest);
            return !TRY(rows::size_anywhere(t, digest))
            .has_value();
        },
        store::Durability::power));
    TRY(fault::point("content.remove.row_removed"));
    if (is_last) TRY(posix::remove_file(state_->blob_path(digest)));
    return {};
}

}  // namespace tare::content
