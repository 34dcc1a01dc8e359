#pragma once

// Puts the members of an archive into a tree, one after another: the part that unpacking a layer
// and copying into a container share.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "image/layer/apply.h"
#include "image/layer/archive.h"
#include "image/layer/directory_walk.h"
#include "image/layer/tar_reader.h"

namespace tare::layer {

struct ApplierOptions {
    /// None: names that look like whiteouts are plain names.
    std::optional<WhiteoutFormat> whiteouts;
    std::span<const int> lower_roots;  ///< as ApplyOptions
    OpaqueMarks opaque_marks = OpaqueMarks::set;
    TarLimits limits;
    /// A clean path below the root: where the archive's own root is.
    std::string prefix;
    OverwriteType overwrite_type = OverwriteType::allowed;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

/// One layer being applied.
class Applier {
  public:
    Applier(int root, ApplierOptions options)
        : root_(root),
          options_(std::move(options)),
          walk_(root, [this](int parent, const std::string& name,
                             const std::string& path) { return imply_directory(parent, name, path); }),
          link_walk_(root) {}

    Result<> apply(const TarEntry& entry, TarReader& reader);
    /// Sets the times of directories, which every change inside them had touched.
    Result<> finish();
    std::vector<std::string> implied_directories() const { return {implied_.begin(), implied_.end()}; }
    std::vector<std::string> opaque_directories() const { return {opaque_.begin(), opaque_.end()}; }

  private:
    Result<> apply_root(const TarEntry& entry);
    Result<> apply_whiteout(const std::string& directory, std::string_view name);
    Result<> apply_opaque(const std::string& directory);
    Result<> mark_opaque(int fd, const std::string& directory);
    Result<> make(int parent, const std::string& name, const std::string& path, const TarEntry& entry,
                  TarReader& reader);
    Result<> make_file(int parent, const std::string& name, const std::string& path, const TarEntry& entry,
                       TarReader& reader);
    Result<> make_directory(int parent, const std::string& name, const std::string& path,
                            const TarEntry& entry);
    Result<> make_hard_link(int parent, const std::string& name, const std::string& path,
                            const TarEntry& entry);
    Result<> make_special(int parent, const std::string& name, const std::string& path,
                          const TarEntry& entry);
    Result<> set_directory_attributes(int directory, const std::string& path, const TarEntry& entry);
    Result<> imply_directory(int parent, const std::string& name, const std::string& path);
    Result<> adopt_directory(const std::string& path, int directory);
    Result<int> replace(int parent, const std::string& name, const std::string& path, TarType type);
    Result<> remove_older(int directory, const std::string& path);
    void note(const std::string& path);

    std::string prefixed(std::string_view path) const;
    Result<bool> is_in_whiteout(std::string_view directory) const;
    bool is_overlay() const { return options_.whiteouts == WhiteoutFormat::overlay; }

    int root_;
    const ApplierOptions options_;
    DirectoryWalk walk_;
    DirectoryWalk link_walk_;  ///< for targets of hard links, so that walk_ keeps its place
    std::map<std::string, posix::Timestamp> directory_times_;
    std::set<std::string> implied_;
    std::set<std::string> opaque_;   ///< OpaqueMarks::returned only
    std::set<std::string> applied_;  ///< literal whiteouts only: what this layer has put there
};

/// Owner, permissions and attributes of `path` in the first of `lower_roots` that shows it, given to
/// an open directory; its time is answered, nothing if no root has it.
Result<std::optional<posix::Timestamp>> copy_covered(const std::string& path, int directory,
                                                     std::span<const int> lower_roots);

}  // namespace tare::layer
