#include "image/snapshot/native.h"

#include <fcntl.h>

#include "base/log.h"
#include "image/snapshot/directory_snapshotter.h"
#include "image/snapshot/overlay.h"
#include "posix/file.h"
#include "posix/tree_copy.h"

namespace tare::snapshot {

using posix::Fd;

namespace {

class Native : public DirectorySnapshotter {
  public:
    Native(std::string directory, store::Database& database)
        : DirectorySnapshotter("native", std::move(directory), database) {}

    /// The tree has to hold the layers below from the start.
    bool can_rebase() const override { return false; }

  protected:
    Result<> fill(const std::string& path, Kind kind, const Chain& parents) override {
        std::string files = path + "/fs";
        TRY(posix::make_directory(files, 0755));
        // A view shows the parent itself.
        if (parents.empty() || kind == Kind::view) return {};
        Fd from = TRY(posix::open_file(files_of(parents.front()), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        Fd to = TRY(posix::open_file(files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        return posix::copy_tree(from.get(), to.get());
    }
    oci::Mount mount_of(const Row& row, const Chain& parents) const override {
        return {.destination = "",
                .type = "bind",
                .source = files_of(files_owner(row, parents)),
                .options = {row.info.kind == Kind::view ? "ro" : "rw", "rbind"}};
    }
    Chain trees_below(const Chain& parents) const override {
        return parents.empty() ? Chain{} : Chain{parents.front()};
    }
    void describe(Trees& trees) const override {
        trees.whiteouts = layer::WhiteoutFormat::literal;
        trees.source = layer::DiffSource::full_tree;
    }
    std::int64_t files_owner(const Row& row, const Chain& parents) const override {
        return row.info.kind == Kind::view && !parents.empty() ? parents.front() : row.id;
    }
};

}  // namespace

Result<std::unique_ptr<Snapshotter>> open_native(const std::string& directory, store::Database& database) {
    TRY(posix::make_directories(directory, 0700));
    auto snapshotter = std::make_unique<Native>(directory, database);
    TRY(snapshotter->cleanup());
    return std::unique_ptr<Snapshotter>(std::move(snapshotter));
}

Result<std::unique_ptr<Snapshotter>> open_best(const std::string& directory, store::Database& database) {
    auto overlay = open_overlay(directory + "/overlay", database);
    if (overlay) return overlay;
    if (!overlay.error().is(ErrorKind::failed_precondition)) return overlay;
    log::warning("snapshots are full copies, slow and large", {{"reason", overlay.error().message()}});
    return open_native(directory + "/native", database);
}

}  // namespace tare::snapshot
