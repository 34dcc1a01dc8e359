#pragma once

// Parents of entries, opened once: archives list a directory's entries together, so the descriptors
// of the current path are kept and the next entry opens only what differs.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "posix/fd.h"

namespace tare::layer {

/// Opens directories below a root by clean relative paths ("", "a/b"), component by component
/// without following links. A component that is a link is resolved inside the root. One thread.
class DirectoryWalk {
  public:
    /// Asked when a component is missing or is no directory and no link: makes `name` in `parent`
    /// a directory, or fails. `path` is the whole name below the root.
    using MakeDirectory =
        std::function<Result<>(int parent, const std::string& name, const std::string& path)>;

    /// Borrows the root. Without `make` a missing directory is not_found.
    explicit DirectoryWalk(int root, MakeDirectory make = {}) : root_(root), make_(std::move(make)) {}

    /// The directory, readable; borrowed, valid until the next call of any member.
    Result<int> open(std::string_view path);
    /// Drops the kept descriptors: to be called when a directory or link was removed or replaced,
    /// which they might still show.
    void forget() { chain_.clear(); }

  private:
    struct Level {
        std::string name;
        posix::Fd directory;
    };
    Result<posix::Fd> open_component(int parent, const std::string& name, const std::string& path);

    int root_;
    MakeDirectory make_;
    std::vector<Level> chain_;
};

/// "a/b/c" as {"a/b", "c"}; "c" as {"", "c"}.
struct SplitPath {
    std::string_view parent;
    std::string_view name;
};
SplitPath split_parent(std::string_view path);

}  // namespace tare::layer
