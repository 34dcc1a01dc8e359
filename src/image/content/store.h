#pragma once

// The content store: blobs by digest, below one directory, with a row for each namespace that knows one.
//
//     auto store = TRY(content::Store::open("/var/lib/tare/content", database));
//     auto ingest = TRY(store->begin("default", cat("layer-", digest.text()),
//                                    {.expected_digest = digest, .expected_size = size, .lease = lease}));
//     if (!ingest) …                                          // the namespace has it already
//     TRY(fetch(url, ingest->offset(), [&](std::string_view bytes) { return ingest->write(bytes); }));
//     TRY(ingest->commit({{"containerd.io/distribution.source.docker.io", "library/redis"}}));
//     std::string manifest = TRY(store->read("default", digest, 4 << 20));
//
// A namespace sees only what it has a row for. Whether knowing a digest is enough to get one is the
// Sharing of the store. All methods may be called from any thread.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "image/content/ingest.h"
#include "store/database.h"

namespace tare::content {

/// A blob as a namespace knows it.
struct Info {
    Digest digest;
    std::uint64_t size_bytes = 0;
    Time created;
    Time updated;
    store::Labels labels;
};

/// What happens if begin() names a digest that only another namespace has (security SD13).
enum class Sharing {
    shared,    ///< it is given a row at once, as containerd does: who knows the digest has the content
    isolated,  ///< it has to bring the bytes itself
};

class Store {
  public:
    /// Opens or creates the store below `directory` (0700) and repairs what a SIGKILL left: commits whose
    /// blob is in place are finished, files without rows removed, rows without files dropped (and logged).
    /// The database must outlive it. One store a directory at a time.
    static Result<std::unique_ptr<Store>> open(const std::string& directory, store::Database& database,
                                               Sharing sharing = Sharing::shared);
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store();

    // ── reading ── not_found if the namespace does not know the digest

    Result<Info> info(std::string_view name_space, const Digest& digest);
    /// For reading; stays readable if the blob is removed meanwhile.
    Result<posix::Fd> open_blob(std::string_view name_space, const Digest& digest);
    /// The whole blob; resource_exhausted if it is larger than `max_bytes`. Checked against the digest
    /// (data_loss if it was changed on disk), as what is read whole is parsed next.
    Result<std::string> read(std::string_view name_space, const Digest& digest, std::size_t max_bytes);
    /// Calls back for each blob of the namespace in order of digests; a failure of the callback ends the
    /// walk and is returned. No transaction is open meanwhile: what comes or goes during the walk may or
    /// may not be seen.
    Result<> walk(std::string_view name_space, const std::function<Result<>(const Info&)>& visit);

    // ── writing ──

    /// Begins an ingest or resumes the one of that ref at its offset(). Nothing if the namespace has the
    /// expected blob already: it gets the labels and the lease, and there is nothing to write.
    /// unavailable while another Ingest of that ref lives; failed_precondition if the ref was begun
    /// with another expected digest.
    Result<std::optional<Ingest>> begin(std::string_view name_space, const std::string& ref,
                                        const IngestOptions& options = {});
    /// begin, write and commit at once, for small content. Success if it is there already.
    Result<Info> put(std::string_view name_space, std::string_view bytes, const store::Labels& labels = {},
                     std::string_view lease = {});
    Result<Info> update_labels(std::string_view name_space, const Digest& digest,
                               const store::LabelChanges& changes);
    /// Removes the blob from the namespace, and its file with the last namespace that knew it.
    Result<> remove(std::string_view name_space, const Digest& digest);

    // ── ingests ──

    Result<std::vector<IngestStatus>> list_ingests(std::string_view name_space);
    /// not_found if there is none of that ref.
    Result<IngestStatus> ingest_status(std::string_view name_space, const std::string& ref);
    /// Throws an ingest away; unavailable while its writer lives.
    Result<> abort_ingest(std::string_view name_space, const std::string& ref);

    /// Removes files that no row names: for the collector, after it has removed rows. Returns the bytes
    /// that became free. Writers may go on meanwhile.
    Result<std::uint64_t> remove_unreferenced_files();

  private:
    friend class Ingest;
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tare::content
