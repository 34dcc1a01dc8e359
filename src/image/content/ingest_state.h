#pragma once

// Private to this folder.

#include "base/sha256.h"
#include "image/content/rows.h"
#include "image/content/store_state.h"

namespace tare::content {

struct Ingest::State {
    State(Store::State& owner, WriterLock writer_lock, rows::IngestRow ingest_row, std::string lease_id,
          posix::Fd data);

    /// Goes to the end of what has arrived, or to `limit` if that is less, and hashes what stays.
    Result<> resume(std::uint64_t limit);
    /// Content is what was expected.
    Result<> check();
    /// The row of the blob; with the file in its place before, unless another namespace has brought it.
    Result<Info> record(const store::Labels& labels);
    Result<> move_into_place(const Digest& digest);
    Result<> drop();

    Store::State& store;
    WriterLock lock;
    rows::IngestRow row;
    std::string lease;
    posix::Fd file;
    Hasher hasher;
    std::uint64_t offset = 0;
    std::uint64_t written_back = 0;  // so far the disk was told to begin
    bool has_failed = false;
    bool is_over = false;  // committed or aborted
};

}  // namespace tare::content
