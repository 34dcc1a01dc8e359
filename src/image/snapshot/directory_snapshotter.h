#pragma once

// What snapshotters have in common whose snapshots are directories: rows, the order of row and
// directory, usage, removal, cleaning up. The rest is the five questions at the end.
//
// A new directory is made as "new-…", filled, and renamed to its id inside the transaction that inserts
// the row. A removed one is renamed to "gone-…" once its row is gone. So cleanup() can tell by the name
// alone what is nobody's, and by the rows which numbers are.

#include <mutex>
#include <set>

#include "image/snapshot/snapshot_rows.h"
#include "image/snapshot/snapshotter.h"

namespace tare::snapshot {

class DirectorySnapshotter : public Snapshotter {
  public:
    std::string_view name() const override { return rows_.snapshotter(); }
    Result<std::vector<oci::Mount>> prepare(const std::string& key, const std::string& parent,
                                            const Labels& labels) override;
    Result<std::vector<oci::Mount>> view(const std::string& key, const std::string& parent,
                                         const Labels& labels) override;
    Result<std::vector<oci::Mount>> mounts(const std::string& key) override;
    Result<> commit(const std::string& name, const std::string& key, const CommitOptions& options) override;
    Result<> remove(const std::string& key) override;
    Result<Info> stat(const std::string& key) override;
    Result<Info> update(const std::string& key, const Labels& labels, LabelUpdate how) override;
    Result<> walk(const std::function<Result<>(const Info&)>& callback) override;
    Result<Usage> usage(const std::string& key) override;
    Result<Trees> open_trees(const std::string& key) override;
    Result<posix::Fd> open_upper(const std::string& key) override;
    Result<posix::Fd> make_detached_mount(const std::string& key) override;
    Result<> sync() override;
    Result<> cleanup() override;

  protected:
    /// Numbers of directories, nearest first.
    using Chain = std::vector<std::int64_t>;

    DirectorySnapshotter(std::string name, std::string directory, store::Database& database)
        : rows_(std::move(name)), directory_(std::move(directory)), database_(&database) {}

    const std::string& directory() const { return directory_; }
    /// The files of a snapshot.
    std::string files_of(std::int64_t id) const { return cat(directory_, "/", id, "/fs"); }
    std::string work_of(std::int64_t id) const { return cat(directory_, "/", id, "/work"); }

    /// Makes what belongs into the new, empty directory `path` of a snapshot on `parents`.
    virtual Result<> fill(const std::string& path, Kind kind, const Chain& parents) = 0;
    virtual oci::Mount mount_of(const Row& row, const Chain& parents) const = 0;
    /// Which directories open_trees() shows below the snapshot's own.
    virtual Chain trees_below(const Chain& parents) const = 0;
    /// Whiteouts and source of what open_trees() answers.
    virtual void describe(Trees& trees) const = 0;
    /// A view's own files, where it has any.
    virtual std::int64_t files_owner(const Row& row, const Chain& parents) const = 0;

  private:
    Result<std::vector<oci::Mount>> make(const std::string& key, const std::string& parent, Kind kind,
                                         const Labels& labels);
    Result<std::int64_t> adopt(const Info& info, const Chain& parents, const std::string& new_path);
    Result<std::pair<Row, Chain>> find_mountable(const std::string& key);
    Result<Usage> measure(std::int64_t id) const;
    Result<> drop_rows_without_directory();
    /// "new-…" directories in the making, which cleanup() leaves alone.
    std::string begin_directory();
    void end_directory(const std::string& path);

    SnapshotRows rows_;
    std::string directory_;
    store::Database* database_;
    std::mutex mutex_;
    std::uint64_t next_new_ = 0;
    std::set<std::string> in_the_making_;
};

}  // namespace tare::snapshot
