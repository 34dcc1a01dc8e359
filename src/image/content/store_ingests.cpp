// How ingests begin, are listed and end without their writer.

#include <fcntl.h>

#include "base/fault.h"
#include "base/sha256.h"
#include "image/content/ingest_state.h"
#include "image/content/rows.h"
#include "posix/file.h"
#include "posix/tree.h"
#include "store/hold.h"

namespace tare::content {

namespace {

constexpr std::size_t kRefLimitBytes = 4096;

/// Refs are any text; files are named by their digest (security rule R15).
std::string file_of(std::string_view name_space, std::string_view ref) {
    std::string key = cat(name_space, '\0', ref);
    return std::string(sha256(key).hex());
}

Result<> check_request(std::string_view name_space, const std::string& ref, const IngestOptions& options) {
    TRY(store::check_namespace(name_space));
    if (ref.empty() || ref.size() > kRefLimitBytes)
        return fail(ErrorKind::invalid_argument, "ingest ", quote(ref.substr(0, 64)),
                    ": its ref is empty or longer than ", kRefLimitBytes, " bytes");
    return store::check_labels(options.labels);
}

/// Whether the namespace has the expected blob, or gets it now because it is here already.
Result<bool> has_blob(store::Transaction& t, std::string_view name_space, const IngestOptions& options,
                      Sharing sharing) {
    if (options.expected_digest.empty()) return false;
    const auto& digest = options.expected_digest;
    auto own = TRY(rows::find_blob(t, name_space, digest));
    auto size = own ? std::optional(own->size_bytes) : TRY(rows::size_anywhere(t, digest));
    if (!size || (!own && sharing == Sharing::isolated)) return false;
    if (options.expected_size && *options.expected_size != *size)
        return fail(ErrorKind::failed_precondition, "content ", digest.text(), ": it has ", *size,
                    " bytes, not ", *options.expected_size);
    TRY(rows::put_blob(t, name_space, digest, *size, options.labels));
    TRY(store::hold(t, name_space, options.lease, store::ResourceKind::content, digest.text()));
    return true;
}

/// Takes over what an earlier writer of this ref expected; both must agree.
Result<> merge(rows::IngestRow& row, const rows::IngestRow& earlier) {
    auto differs = [](const auto& a, const auto& b, bool a_set, bool b_set) {
        return a_set && b_set && a != b;
    };
    if (differs(row.expected_digest, earlier.expected_digest, !row.expected_digest.empty(),
                !earlier.expected_digest.empty()) ||
        differs(row.expected_size, earlier.expected_size, row.expected_size.has_value(),
                earlier.expected_size.has_value()))
        return fail(ErrorKind::failed_precondition, "ingest ", quote(row.ref),
                    ": it was begun for other content (", earlier.expected_digest.text(), ")")
            .set_hint("abort it first, or take another ref");
    if (row.expected_digest.empty()) row.expected_digest = earlier.expected_digest;
    if (!row.expected_size) row.expected_size = earlier.expected_size;
    for (const auto& [key, value] : earlier.labels)
        row.labels.emplace(key, value);
    row.started = earlier.started;
    return {};
}

IngestStatus status_of(const rows::IngestRow& row, std::uint64_t offset) {
    return {.ref = row.ref,
            .offset = offset,
            .expected_digest = row.expected_digest,
            .expected_size = row.expected_size,
            .started = row.started,
            .updated = row.updated};
}

}  // namespace

Result<bool> Store::State::take_present(const rows::IngestRow& row, const IngestOptions& options) {
    bool has_left_over = false;
    bool is_present = TRY(database.write([&](store::Transaction& t) -> Result<bool> {
        if (!TRY(has_blob(t, row.name_space, options, sharing))) return false;
        has_left_over = TRY(rows::find_ingest(t, row.name_space, row.ref))
        .has_value();
        if (has_left_over) TRY(rows::remove_ingest(t, row.name_space, row.ref));
        return true;
    }));
    if (has_left_over) TRY(posix::remove_file(ingest_path(row.file)));
    return is_present;
}

Result<std::optional<Ingest>> Store::begin(std::string_view name_space, const std::string& ref,
                                           const IngestOptions& options) {
    TRY(check_request(name_space, ref, options));
    rows::IngestRow row{.name_space = std::string(name_space),
                        .ref = ref,
                        .file = file_of(name_space, ref),
                        .expected_digest = options.expected_digest,
                        .expected_size = options.expected_size,
                        .labels = options.labels,
                        .started = now(),
                        .updated = now()};
    auto lock = WriterLock::take(state_->writers, row.file);
    if (!lock) return fail(ErrorKind::unavailable, "ingest ", quote(ref), ": another writer has it");
    if (TRY(state_->take_present(row, options))) return std::optional<Ingest>();
    // The file before the row: a row without its file then always means that a commit has moved it.
    posix::Fd file =
        TRY(posix::open_file(state_->ingest_path(row.file), O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    TRY(fault::point("content.begin.file_created"));
    bool is_new = TRY(state_->database.write([&](store::Transaction& t) -> Result<bool> {
        auto earlier = TRY(rows::find_ingest(t, name_space, ref));
        if (earlier) TRY(merge(row, *earlier));
        TRY(rows::put_ingest(t, row));
        TRY(store::hold(t, name_space, options.lease, store::ResourceKind::ingest, ref));
        return !earlier.has_value();
    }));
    TRY(fault::point("content.begin.recorded"));
    auto ingest = std::make_unique<Ingest::State>(*state_, std::move(*lock), std::move(row), options.lease,
                                                  std::move(file));
    // A file whose row is new is of unknown origin.
    TRY(ingest->resume(is_new ? 0 : UINT64_MAX));
    return std::optional<Ingest>(Ingest(std::move(ingest)));
}

Result<std::vector<IngestStatus>> Store::list_ingests(std::string_view name_space) {
    auto found =
        TRY(state_->database.read([&](store::Transaction& t) { return rows::list_ingests(t, name_space); }));
    std::vector<IngestStatus> ingests;
    for (const auto& row : found) {
        auto size = TRY(size_of_file(state_->ingest_directory(), row.file));
        if (size) ingests.push_back(status_of(row, *size));
    }
    return ingests;
}

Result<IngestStatus> Store::ingest_status(std::string_view name_space, const std::string& ref) {
    auto row = TRY(
        state_->database.read([&](store::Transaction& t) { return rows::find_ingest(t, name_space, ref); }));
    if (!row) return fail(ErrorKind::not_found, "ingest ", quote(ref), ": not found");
    return status_of(*row, TRY(size_of_file(state_->ingest_directory(), row->file)).value_or(0));
}

Result<> Store::abort_ingest(std::string_view name_space, const std::string& ref) {
    std::string file = file_of(name_space, ref);
    auto lock = WriterLock::take(state_->writers, file);
    if (!lock) return fail(ErrorKind::unavailable, "ingest ", quote(ref), ": another writer has it");
    TRY(state_->database.write([&](store::Transaction& t) -> Result<> {
        if (!TRY(rows::find_ingest(t, name_space, ref)))
            return fail(ErrorKind::not_found, "ingest ", quote(ref), ": not found");
        return rows::remove_ingest(t, name_space, ref);
    }));
    return posix::remove_file(state_->ingest_path(file));
}

}  // namespace tare::content
