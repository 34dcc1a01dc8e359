#pragma once

// Entries of a tree as members of a tar.

#include <map>
#include <string>
#include <utility>

#include "image/layer/tar_writer.h"
#include "posix/tree.h"

namespace tare::layer {

/// Packs entries given by (directory descriptor, one component). Remembers files with several names,
/// so that the second one becomes a hard link; one packer writes one archive.
class TreePacker {
  public:
    /// Borrows the writer.
    explicit TreePacker(TarWriter& writer) : writer_(writer) {}

    /// The entry itself as `archive_path`. Sockets are left out, as no archive can hold them. A file
    /// that shrinks meanwhile is filled with zeros, one that grows is cut: the tar stays whole.
    Result<> add(int directory, const std::string& name, const posix::FileStatus& status,
                 const std::string& archive_path);
    /// An open directory as `archive_path`.
    Result<> add_directory(int directory, const posix::FileStatus& status, const std::string& archive_path);
    /// All that is below an open directory, parents first, in the order of names.
    Result<> add_below(int directory, const std::string& archive_path);

  private:
    Result<> add_file(int directory, const std::string& name, TarEntry entry);

    TarWriter& writer_;
    /// (file system, inode) → first name in the archive.
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
};

}  // namespace tare::layer
