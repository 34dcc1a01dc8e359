#pragma once

// Content on its way into the store.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/time.h"
#include "posix/fd.h"
#include "store/labels.h"

namespace tare::content {

struct Info;
class Store;

struct IngestOptions {
    Digest expected_digest;                      ///< empty: whatever the content turns out to be
    std::optional<std::uint64_t> expected_size;  ///< bytes
    store::Labels labels;                        ///< for the blob, with those of commit()
    std::string lease;                           ///< holds the ingest, and the blob from its first moment
};

/// An ingest as a list shows it.
struct IngestStatus {
    std::string ref;
    std::uint64_t offset = 0;  ///< bytes that have arrived
    Digest expected_digest;
    std::optional<std::uint64_t> expected_size;
    Time started;
    Time updated;
};

/// The only writer of a ref: while it lives, others are refused. Hashes while writing. Destroyed without
/// commit or abort it leaves what has arrived, for the next begin() of that ref to resume. Used by one
/// thread at a time.
class Ingest {
  public:
    Ingest(Ingest&&) noexcept;
    Ingest& operator=(Ingest&&) noexcept;
    ~Ingest();

    const std::string& ref() const;
    /// Bytes that have arrived: where the writer goes on.
    std::uint64_t offset() const;
    IngestStatus status() const;

    /// Appends. resource_exhausted if the disk is full; out_of_range if it is more than the expected
    /// size. After a failure only abort() and destruction are of use.
    Result<> write(std::string_view bytes);
    /// Throws away what lies beyond `offset` (0 starts over). out_of_range if less has arrived. Costs a
    /// rehash of what stays.
    Result<> truncate(std::uint64_t offset);
    /// What has arrived, for reading beside the writer (an unpacker that resumes).
    Result<posix::Fd> open_data() const;
    /// The digest of what has arrived.
    Digest digest() const;

    /// Makes it a blob of its namespace; returns what it is called. Once this has returned it survives a
    /// SIGKILL; after a power loss it is there whole or not at all (for good with the next transaction of
    /// Durability::power, such as that of the image's row). Success as well if the namespace has the blob
    /// already (its labels get these added). out_of_range if bytes of the expected size lack: write on.
    /// Another digest than expected is failed_precondition, and what came is thrown away, so that the
    /// next try starts from nothing.
    Result<Info> commit(const store::Labels& labels = {});
    /// Throws the ingest away. Success if there is nothing left of it.
    Result<> abort();

  private:
    friend class Store;
    struct State;
    explicit Ingest(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tare::content
