#include "image/content/ingest.h"

#include <algorithm>

#include <fcntl.h>

#include "base/fault.h"
#include "base/log.h"
#include "image/content/ingest_state.h"
#include "posix/file.h"
#include "posix/tree.h"
#include "store/hold.h"

namespace tare::content {

namespace {
constexpr std::size_t kRehashBytes = std::size_t{1} << 20;
constexpr std::uint64_t kWritebackBytes = std::uint64_t{8} << 20;
}  // namespace

WriterLock::~WriterLock() {
    if (!writers_) return;
    std::lock_guard lock(writers_->mutex);
    writers_->files.erase(file_);
}

std::optional<WriterLock> WriterLock::take(Writers& writers, const std::string& file) {
    std::lock_guard lock(writers.mutex);
    if (!writers.files.insert(file).second) return std::nullopt;
    WriterLock taken;
    taken.writers_ = &writers;
    taken.file_ = file;
    return taken;
}

Ingest::State::State(Store::State& owner, WriterLock writer_lock, rows::IngestRow ingest_row,
                     std::string lease_id, posix::Fd data)
    : store(owner),
      lock(std::move(writer_lock)),
      row(std::move(ingest_row)),
      lease(std::move(lease_id)),
      file(std::move(data)),
      hasher(Hasher::for_digest(row.expected_digest)) {}

Result<> Ingest::State::resume(std::uint64_t limit) {
    std::uint64_t size = TRY(posix::status_of(file.get()))
    .size_bytes;
    // More than there should be cannot become right.
    if (row.expected_size && size > *row.expected_size) limit = 0;
    if (size > limit) TRY(posix::set_size(file.get(), limit));
    size = std::min(size, limit);
    hasher = Hasher::for_digest(row.expected_digest);
    std::string buffer(std::min<std::uint64_t>(kRehashBytes, size), '\0');
    for (offset = 0; offset < size;) {
        std::size_t got = TRY(posix::read_at(file.get(), buffer.data(),
                                             std::min<std::uint64_t>(buffer.size(), size - offset), offset));
        if (got == 0) break;
        hasher.update({buffer.data(), got});
        offset += got;
    }
    written_back = offset;
    return {};
}

Result<> Ingest::State::check() {
    if (row.expected_size && offset < *row.expected_size)
        return fail(ErrorKind::out_of_range, "content ", quote(row.ref), ": only ", offset, " of ",
                    *row.expected_size, " bytes have come");
    Digest digest = hasher.digest();
    if (!row.expected_digest.empty() && digest != row.expected_digest)
        return fail(ErrorKind::failed_precondition, "content ", quote(row.ref), ": its digest is ",
                    digest.text(), ", expected ", row.expected_digest.text());
    return {};
}

Result<> Ingest::State::move_into_place(const Digest& digest) {
    TRY(posix::rename(store.ingest_path(row.file), store.blob_path(digest)));
    TRY(fault::point("content.commit.renamed"));
    TRY(posix::sync_directory(store.blob_directory(digest.algorithm())));
    return fault::point("content.commit.directory_synced");
}

Result<Info> Ingest::State::record(const store::Labels& labels) {
    Digest digest = hasher.digest();
    store::Labels all = row.labels;
    for (const auto& [key, value] : labels)
        all[key] = value;
    std::lock_guard lock_files(store.files_mutex);
    bool is_moved = false;
    Info info = TRY(store.database.write([&](store::Transaction& t) -> Result<Info> {
        // Its file is whole if any namespace knows it: ours is then superfluous.
        if (!TRY(rows::size_anywhere(t, digest))) {
            TRY(move_into_place(digest));
            is_moved = true;
        }
        Info put = TRY(rows::put_blob(t, row.name_space, digest, offset, all));
        TRY(rows::remove_ingest(t, row.name_space, row.ref));
        TRY(store::hold(t, row.name_space, lease, store::ResourceKind::content, digest.text()));
        return put;
    }));
    TRY(fault::point("content.commit.recorded"));
    if (!is_moved) TRY(posix::remove_file(store.ingest_path(row.file)));
    return info;
}

Result<> Ingest::State::drop() {
    is_over = true;
    auto forget = [&] {
        return store.database.write(
            [&](store::Transaction& t) { return rows::remove_ingest(t, row.name_space, row.ref); });
    };
    auto forgotten = forget();
    if (!forgotten && forgotten.error().is(ErrorKind::resource_exhausted)) {
        // A full disk has no room to note that it gets room: the bytes go first.
        TRY(posix::set_size(file.get(), 0));
        TRY(posix::sync_file_system(file.get()));
        forgotten = forget();
    }
    TRY(std::move(forgotten));
    TRY(fault::point("content.abort.row_removed"));
    return posix::remove_file(store.ingest_path(row.file));
}

Ingest::Ingest(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ingest::Ingest(Ingest&&) noexcept = default;
Ingest& Ingest::operator=(Ingest&&) noexcept = default;
Ingest::~Ingest() = default;

const std::string& Ingest::ref() const {
    return state_->row.ref;
}

std::uint64_t Ingest::offset() const {
    return state_->offset;
}

IngestStatus Ingest::status() const {
    return {.ref = state_->row.ref,
            .offset = state_->offset,
            .expected_digest = state_->row.expected_digest,
            .expected_size = state_->row.expected_size,
            .started = state_->row.started,
            .updated = state_->row.updated};
}

Digest Ingest::digest() const {
    return state_->hasher.digest();
}

Result<posix::Fd> Ingest::open_data() const {
    return posix::open_file(state_->store.ingest_path(state_->row.file), O_RDONLY | O_NOFOLLOW);
}

Result<> Ingest::write(std::string_view bytes) {
    State& state = *state_;
    if (state.has_failed || state.is_over)
        return fail(ErrorKind::failed_precondition, "ingest ", quote(state.row.ref),
                    ": it has failed or ended before");
    const auto& limit = state.row.expected_size;
    if (limit && bytes.size() > *limit - state.offset)
        return fail(ErrorKind::out_of_range, "content ", quote(state.row.ref), ": more than the expected ",
                    *limit, " bytes came");
    auto written = posix::write_all_at(state.file.get(), bytes, state.offset);
    if (!written) {
        // How much of it is there, the next begin() will see.
        state.has_failed = true;
        return std::move(written.error().prepend(cat("content ", quote(state.row.ref))));
    }
    state.hasher.update(bytes);
    state.offset += bytes.size();
    // The disk works while the network does; at commit there is little left to sync.
    if (state.offset - state.written_back >= kWritebackBytes) {
        TRY(posix::start_writeback(state.file.get(), state.written_back, state.offset - state.written_back));
        state.written_back = state.offset;
    }
    return fault::point("content.ingest.written");
}

Result<> Ingest::truncate(std::uint64_t offset) {
    if (offset > state_->offset)
        return fail(ErrorKind::out_of_range, "ingest ", quote(state_->row.ref), ": it ends at ",
                    state_->offset, ", before ", offset);
    return state_->resume(offset);
}

Result<Info> Ingest::commit(const store::Labels& labels) {
    State& state = *state_;
    if (state.has_failed || state.is_over)
        return fail(ErrorKind::failed_precondition, "ingest ", quote(state.row.ref),
                    ": it has failed or ended before");
    TRY(store::check_labels(labels));
    if (auto as_expected = state.check(); !as_expected) {
        if (as_expected.error().is(ErrorKind::out_of_range)) return as_expected.error();
        // Wrong content cannot become right. The first failure is the one to tell.
        if (auto dropped = state.drop(); !dropped) log::failure("drop wrong content", dropped.error());
        return as_expected.error();
    }
    TRY_CONTEXT(posix::sync(state.file.get()), cat("content ", quote(state.row.ref)));
    TRY(fault::point("content.commit.synced"));
    Info info = TRY_CONTEXT(state.record(labels), cat("commit ", quote(state.row.ref)));
    state.is_over = true;
    return info;
}

Result<> Ingest::abort() {
    if (state_->is_over) return {};
    return state_->drop();
}

}  // namespace tare::content
