#include "image/snapshot/directory_snapshotter.h"

#include <fcntl.h>

#include "base/fault.h"
#include "base/log.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/overlay.h"
#include "posix/process.h"
#include "posix/tree_copy.h"

namespace tare::snapshot {

using posix::Fd;

namespace {

Result<Fd> open_directory(const std::string& path) {
    return posix::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// A directory that nobody needs any more; what stays is found by the next cleanup().
void remove_leftover(const std::string& path) {
    auto removed = posix::remove_tree(path);
    if (!removed)
        log::failure("remains of a snapshot were not removed", removed.error(), log::Level::warning);
}

}  // namespace

std::vector<int> Trees::lower_roots() const {
    std::vector<int> roots;
    for (auto& lower : lowers)
        roots.push_back(lower.get());
    return roots;
}

Result<std::vector<oci::Mount>> DirectorySnapshotter::prepare(const std::string& key,
                                                              const std::string& parent,
                                                              const Labels& labels) {
    return make(key, parent, Kind::active, labels);
}

Result<std::vector<oci::Mount>> DirectorySnapshotter::view(const std::string& key, const std::string& parent,
                                                           const Labels& labels) {
    return make(key, parent, Kind::view, labels);
}

Result<std::vector<oci::Mount>> DirectorySnapshotter::make(const std::string& key, const std::string& parent,
                                                           Kind kind, const Labels& labels) {
    TRY(check_key(key));
    TRY(store::check_labels(labels));
    Time time = now();
    Info info{
        .name = key, .kind = kind, .parent = parent, .labels = labels, .created = time, .updated = time};
    Chain parents = TRY(
        database_->read([&](store::Transaction& transaction) { return rows_.chain(transaction, parent); }));
    std::string path = begin_directory();
    auto made = posix::make_directory(path, 0700);
    if (made) made = fill(path, kind, parents);
    if (made) made = fault::point("snapshot.prepare.filled");
    auto id = made ? adopt(info, parents, path) : Result<std::int64_t>(made.error());
    if (!id) remove_leftover(path);
    end_directory(path);
    if (!id) return id.error().prepend(cat("prepare snapshot ", quote(key)));
    return std::vector{mount_of({.id = *id, .info = info, .usage = {}}, parents)};
}

Result<std::int64_t> DirectorySnapshotter::adopt(const Info& info, const Chain& parents,
                                                 const std::string& new_path) {
    std::string path;
    auto id = database_->write([&](store::Transaction& transaction) -> Result<std::int64_t> {
        // Filling may take long; a parent that was removed meanwhile (and perhaps made anew) is another.
        if (TRY(rows_.chain(transaction, info.parent)) != parents)
            return fail(ErrorKind::not_found, "parent snapshot ", quote(info.parent), ": removed meanwhile");
        std::int64_t row = TRY(rows_.insert(transaction, info));
        path = cat(directory_, "/", row);
        // A number that is free again after a rollback may have a directory left from then.
        TRY(posix::remove_tree(path));
        TRY(posix::rename(new_path, path));
        TRY(fault::point("snapshot.prepare.renamed"));
        return row;
    });
    if (!id && !path.empty()) remove_leftover(path);
    return id;
}

Result<std::pair<Row, DirectorySnapshotter::Chain>> DirectorySnapshotter::find_mountable(
    const std::string& key) {
    return database_->read([&](store::Transaction& transaction) -> Result<std::pair<Row, Chain>> {
        Row row = TRY(rows_.find(transaction, key));
        if (row.info.kind == Kind::committed)
            return fail(ErrorKind::failed_precondition, "snapshot ", quote(key),
                        " is committed; only active ones and views are mounted");
        Chain parents = TRY(rows_.chain(transaction, row.info.parent));
        return std::pair(std::move(row), std::move(parents));
    });
}

Result<std::vector<oci::Mount>> DirectorySnapshotter::mounts(const std::string& key) {
    auto [row, parents] = TRY(find_mountable(key));
    return std::vector{mount_of(row, parents)};
}

Result<> DirectorySnapshotter::commit(const std::string& name, const std::string& key,
                                      const CommitOptions& options) {
    TRY(check_key(name));
    TRY(store::check_labels(options.labels));
    auto [row, parents] = TRY_CONTEXT(find_mountable(key), cat("commit snapshot ", quote(key)));
    if (row.info.kind != Kind::active)
        return fail(ErrorKind::failed_precondition, "commit snapshot ", quote(key), ": it is a view");
    std::string parent = options.parent.empty() ? row.info.parent : options.parent;
    if (parent != row.info.parent && (!row.info.parent.empty() || !can_rebase()))
        return fail(ErrorKind::failed_precondition, "commit snapshot ", quote(key), ": its parent is ",
                    quote(row.info.parent), ", not ", quote(parent));
    Usage usage = TRY(measure(row.id));
    if (options.durability == Durability::sync_now) TRY(sync());
    TRY(fault::point("snapshot.commit.synced"));
    TRY(database_->write([&, id = row.id](store::Transaction& transaction) -> Result<> {
        Row present = TRY(rows_.find(transaction, key));
        if (present.id != id || present.info.kind != Kind::active)
            return fail(ErrorKind::not_found, "commit snapshot ", quote(key), ": removed meanwhile");
        TRY(rows_.chain(transaction, parent));
        return rows_.commit(transaction, present, name, parent, options.labels, usage);
    }));
    // Of use to the kernel only while it is mounted writable, and empty if it never was.
    (void)posix::remove_directory(work_of(row.id));  // not empty: stays
    return {};
}

Result<> DirectorySnapshotter::remove(const std::string& key) {
    // A layer that comes back after a power loss would be a parent without files; a container's
    // snapshot is dropped by cleanup() then, and need not wait for the disk.
    Row known =
        TRY(database_->read([&](store::Transaction& transaction) { return rows_.find(transaction, key); }));
    auto durability =
        known.info.kind == Kind::committed ? store::Durability::power : store::Durability::process;
    std::int64_t id = TRY(database_->write(
        [&](store::Transaction& transaction) -> Result<std::int64_t> {
            Row row = TRY(rows_.find(transaction, key));
            TRY(rows_.remove(transaction, row));
            return row.id;
        },
        durability));
    TRY(fault::point("snapshot.remove.row_removed"));
    std::string gone = cat(directory_, "/gone-", id);
    auto renamed = posix::rename(cat(directory_, "/", id), gone);
    if (renamed || renamed.error().is(ErrorKind::not_found)) {
        TRY(fault::point("snapshot.remove.renamed"));
        remove_leftover(gone);
    } else {
        log::failure("remains of a snapshot were not removed", renamed.error(), log::Level::warning);
    }
    return {};
}

Result<Info> DirectorySnapshotter::stat(const std::string& key) {
    return database_->read([&](store::Transaction& transaction) -> Result<Info> {
        return TRY(rows_.find(transaction, key))
        .info;
    });
}

Result<Info> DirectorySnapshotter::update(const std::string& key, const Labels& labels, LabelUpdate how) {
    return database_->write([&](store::Transaction& transaction) -> Result<Info> {
        Row row = TRY(rows_.find(transaction, key));
        if (how == LabelUpdate::replace) row.info.labels.clear();
        for (auto& [label, value] : labels) {
            if (how == LabelUpdate::merge && value.empty()) {
                row.info.labels.erase(label);
            } else {
                row.info.labels[label] = value;
            }
        }
        TRY(store::check_labels(row.info.labels));
        TRY(rows_.set_labels(transaction, row.id, row.info.labels));
        return TRY(rows_.find(transaction, key))
        .info;
    });
}

Result<> DirectorySnapshotter::walk(const std::function<Result<>(const Info&)>& callback) {
    auto rows = TRY(database_->read([&](store::Transaction& transaction) { return rows_.all(transaction); }));
    for (auto& row : rows)
        TRY(callback(row.info));
    return {};
}

Result<Usage> DirectorySnapshotter::usage(const std::string& key) {
    Row row =
        TRY(database_->read([&](store::Transaction& transaction) { return rows_.find(transaction, key); }));
    if (row.info.kind == Kind::committed) return row.usage;
    if (row.info.kind == Kind::view) return Usage{};
    return measure(row.id);
}

Result<Usage> DirectorySnapshotter::measure(std::int64_t id) const {
    Fd files = TRY(open_directory(files_of(id)));
    auto usage = TRY(posix::usage_of_tree(files.get()));
    return Usage{.size_bytes = usage.size_bytes, .inodes = usage.inodes};
}

Result<Trees> DirectorySnapshotter::open_trees(const std::string& key) {
    auto [row, parents] = TRY(find_mountable(key));
    Trees trees;
    std::int64_t owner = files_owner(row, parents);
    trees.upper = TRY(open_directory(files_of(owner)));
    for (std::int64_t id : trees_below(parents))
        if (id != owner) trees.lowers.push_back(TRY(open_directory(files_of(id))));
    describe(trees);
    return trees;
}

Result<Fd> DirectorySnapshotter::open_upper(const std::string& key) {
    auto [row, parents] = TRY(find_mountable(key));
    return open_directory(files_of(files_owner(row, parents)));
}

Result<Fd> DirectorySnapshotter::make_detached_mount(const std::string& key) {
    auto [row, parents] = TRY(find_mountable(key));
    oci::Mount mount = mount_of(row, parents);
    bool is_view = row.info.kind == Kind::view;
    if (mount.type == "overlay") {
        auto layers = TRY(posix::OverlayLayers::parse(mount.options));
        std::erase_if(layers.options, [](const posix::FsParameter& option) { return option.key == "ro"; });
        return TRY_CONTEXT(posix::make_overlay_mount(layers, is_view ? posix::mount_attribute::read_only : 0),
                           cat("snapshot ", quote(key)));
    }
    Fd files = TRY(open_directory(mount.source));
    Fd clone = TRY(posix::clone_mount(files.get(), posix::Recursive::no));
    TRY(posix::set_mount_attributes(clone.get(), is_view ? posix::mount_attribute::read_only : 0, 0,
                                    posix::Propagation::is_private, posix::Recursive::no));
    return clone;
}

Result<> DirectorySnapshotter::sync() {
    Fd directory = TRY(open_directory(directory_));
    return posix::sync_file_system(directory.get());
}

Result<> DirectorySnapshotter::cleanup() {
    // The list first, the rows after it, and these in a writing transaction: whoever is just about to
    // commit a row for a directory of the list is waited for.
    std::vector<std::string> entries = TRY(posix::list_directory(directory_));
    std::set<std::string> known;
    TRY(database_->write([&](store::Transaction& transaction) -> Result<> {
        for (auto& row : TRY(rows_.all(transaction)))
            known.insert(cat(row.id));
        return {};
    }));
    {
        std::scoped_lock lock(mutex_);
        known.insert(in_the_making_.begin(), in_the_making_.end());
    }
    for (auto& entry : entries) {
        if (known.contains(entry)) continue;
        log::debug("removing the remains of a snapshot", {{"directory", cat(directory_, "/", entry)}});
        TRY(posix::remove_tree(cat(directory_, "/", entry)));
    }
    return drop_rows_without_directory();
}

/// After a power loss the removal of a row may be forgotten, that of its directory not.
Result<> DirectorySnapshotter::drop_rows_without_directory() {
    return database_->write([&](store::Transaction& transaction) -> Result<> {
        for (auto& row : TRY(rows_.all(transaction))) {
            if (row.info.kind == Kind::committed || posix::exists(cat(directory_, "/", row.id))) continue;
            log::warning("dropping a snapshot whose files are gone", {{"snapshot", row.info.name}});
            TRY(rows_.remove(transaction, row));
        }
        return {};
    });
}

std::string DirectorySnapshotter::begin_directory() {
    std::scoped_lock lock(mutex_);
    std::string name = cat("new-", posix::own_pid(), "-", next_new_++);
    in_the_making_.insert(name);
    return cat(directory_, "/", name);
}

void DirectorySnapshotter::end_directory(const std::string& path) {
    std::scoped_lock lock(mutex_);
    in_the_making_.erase(path.substr(path.rfind('/') + 1));
}

}  // namespace tare::snapshot
