#pragma once

// What Store and Ingest share. Private to this folder.

#include <mutex>
#include <set>
#include <string>

#include "image/content/store.h"

namespace tare::content {

namespace rows {
struct IngestRow;
}

/// The right to write the ingest file of that name, from a set of those that live.
class WriterLock {
  public:
    WriterLock() = default;
    WriterLock(WriterLock&& other) noexcept
        : writers_(std::exchange(other.writers_, nullptr)), file_(std::move(other.file_)) {}
    WriterLock& operator=(WriterLock&& other) noexcept {
        std::swap(writers_, other.writers_);
        std::swap(file_, other.file_);
        return *this;
    }
    ~WriterLock();

    struct Writers {
        std::mutex mutex;
        std::set<std::string> files;
    };
    /// Nothing if another holds it.
    static std::optional<WriterLock> take(Writers& writers, const std::string& file);

  private:
    Writers* writers_ = nullptr;
    std::string file_;
};

struct Store::State {
    std::string directory;
    store::Database& database;
    Sharing sharing = Sharing::shared;
    /// Held from the rename of a blob to the commit of its row, and from the end of the last row to the
    /// unlink: so nobody removes a file that another is about to name.
    std::mutex files_mutex;
    WriterLock::Writers writers;

    std::string blob_directory(std::string_view algorithm) const {
        return cat(directory, "/blobs/", algorithm);
    }
    std::string blob_path(const Digest& digest) const {
        return cat(blob_directory(digest.algorithm()), "/", digest.hex());
    }
    std::string ingest_directory() const { return directory + "/ingest"; }
    std::string ingest_path(const std::string& file) const { return cat(ingest_directory(), "/", file); }

    /// True if the namespace has the expected blob, or gets it now, and there is nothing to write. An
    /// earlier attempt that is left over goes.
    Result<bool> take_present(const rows::IngestRow& row, const IngestOptions& options);

    // store_repair.cpp
    Result<> repair();
    Result<> finish_commits();
    Result<> drop_rows_without_files();
    Result<std::uint64_t> remove_unreferenced_blobs();
    Result<std::uint64_t> remove_unreferenced_ingests();
};

inline constexpr std::string_view kAlgorithms[] = {"sha256", "sha512"};

/// Size in bytes of a regular file, nothing if there is none.
Result<std::optional<std::uint64_t>> size_of_file(const std::string& directory, const std::string& name);

}  // namespace tare::content
