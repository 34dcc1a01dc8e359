#include "engine/volume/volumes.h"

#include <algorithm>

#include <fcntl.h>

#include "base/fault.h"
#include "base/log.h"
#include "engine/volume/local_options.h"
#include "posix/file.h"
#include "posix/mount.h"
#include "posix/path.h"
#include "posix/random.h"
#include "posix/tree.h"
#include "posix/tree_copy.h"
#include "store/database.h"
#include "store/labels.h"

namespace tare::volume {

namespace {

constexpr std::size_t kMaxNameBytes = 255;

#define VOLUME_COLUMNS "name, driver, labels, options, anonymous, created_at"

Error no_such_volume(const std::string& name) {
    return fail(ErrorKind::not_found, "get ", name, ": no such volume");
}

/// False for what no directory could be called, so that it is not even looked for.
bool is_name(std::string_view name) {
    auto is_alphanumeric = [](unsigned char c) { return std::isalnum(c) != 0; };
    return name.size() >= 2 && name.size() <= kMaxNameBytes &&
           is_alphanumeric(static_cast<unsigned char>(name.front())) &&
           std::ranges::all_of(
               name, [&](unsigned char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

Result<std::optional<Volume>> find_row(store::Transaction& transaction, const std::string& directory,
                                       const std::string& name) {
    auto rows = TRY(transaction.query("SELECT " VOLUME_COLUMNS " FROM volumes WHERE name = ?", {name}));
    if (!TRY(rows.next())) return std::optional<Volume>();
    Volume volume;
    volume.name = rows.text(0);
    volume.driver = rows.text(1);
    volume.mountpoint = cat(directory, "/", volume.name, "/_data");
    volume.labels = TRY(store::labels_of_text(rows.text(2)));
    volume.options = TRY(store::labels_of_text(rows.text(3)));
    volume.is_anonymous = rows.boolean(4);
    volume.created = rows.time(5);
    return std::optional(std::move(volume));
}

Result<std::vector<std::string>> texts(store::Transaction& transaction, std::string_view sql,
                                       const std::string& value) {
    auto rows = TRY(transaction.query(sql, {value}));
    std::vector<std::string> found;
    while (TRY(rows.next()))
        found.push_back(rows.text(0));
    return found;
}

Result<std::vector<std::string>> users_of(store::Transaction& transaction, const std::string& name) {
    return texts(transaction, "SELECT container FROM volume_refs WHERE volume = ? ORDER BY container", name);
}

Error in_use(const std::string& name, const std::vector<std::string>& users) {
    std::vector<std::string> ids;
    for (auto& user : users)
        ids.emplace_back(cut(user, '/').after.value_or(user));
    return fail(ErrorKind::failed_precondition, "remove ", name, ": volume is in use - [", join(ids, ", "),
                "]");
}

/// Whether a file system of its own is mounted on `path`.
Result<bool> is_mounted(const std::string& directory, const std::string& path) {
    posix::Fd above = TRY(posix::open_file(directory, O_PATH | O_DIRECTORY));
    posix::Fd below = TRY(posix::open_file(path, O_PATH | O_DIRECTORY));
    return TRY(posix::status_of(above.get()))
    .device != TRY(posix::status_of(below.get()))
    .device;
}

}  // namespace

Result<> check_volume_name(std::string_view name) {
    if (name.size() == 1)
        return fail(ErrorKind::invalid_argument,
                    "volume name is too short, names should be at least two "
                    "alphanumeric characters");
    if (is_name(name)) return {};
    return fail(
        ErrorKind::invalid_argument, quote(name),
        " includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are "
        "allowed. If you intended to pass a host directory, use absolute path");
}

Result<std::unique_ptr<Volumes>> Volumes::open(const std::string& directory, store::Database& database) {
    TRY(posix::make_directories(directory, 0711));
    return std::unique_ptr<Volumes>(new Volumes(directory, database));
}

Result<Volume> Volumes::create(const CreateRequest& request) {
    Volume volume{.name = request.name,
                  .driver = request.driver.empty() ? "local" : request.driver,
                  .labels = request.labels,
                  .options = request.options,
                  .is_anonymous = request.name.empty(),
                  .created = now()};
    if (volume.is_anonymous) volume.name = TRY(posix::random_hex(32));
    TRY_CONTEXT(check_volume_name(volume.name), cat("create ", volume.name));
    TRY(store::check_labels(volume.labels));
    if (volume.driver != "local")
        return fail(ErrorKind::not_found, "volume driver ", quote(volume.driver), ": plugin not found");
    TRY_CONTEXT(parse_local_options(volume.options), cat("create ", volume.name));
    volume.mountpoint = data_of(volume.name);

    std::scoped_lock lock(mutex_);
    auto present = TRY(database_->read(
        [&](store::Transaction& transaction) { return find_row(transaction, directory_, volume.name); }));
    if (present) {
        if (volume.options.empty() || present->options == volume.options) return std::move(*present);
        return fail(ErrorKind::already_exists, "create ", volume.name,
                    ": conflict: volume name must be unique: it exists with other options");
    }
    // What a crash between directory and row left is nobody's.
    TRY(posix::remove_tree(directory_of(volume.name)));
    TRY(posix::make_directory(directory_of(volume.name), 0701));
    TRY(posix::make_directory(volume.mountpoint, 0755));
    TRY(fault::point("volume.create.directory_made"));
    auto inserted = database_->write([&](store::Transaction& transaction) -> Result<> {
        TRY(
            transaction.execute("INSERT INTO volumes (name, driver, labels, options, anonymous, created_at) "
                                "VALUES (?, ?, ?, ?, ?, ?)",
                                {volume.name, volume.driver, store::to_text(volume.labels),
                                 store::to_text(volume.options), volume.is_anonymous, volume.created}));
        return {};
    });
    if (inserted) return volume;
    (void)posix::remove_tree(directory_of(volume.name));  // repair() finds what stays
    return inserted.error().prepend(cat("create ", volume.name));
}

Result<Volume> Volumes::get(const std::string& name) {
    if (!is_name(name)) return no_such_volume(name);
    auto found = TRY(database_->read(
        [&](store::Transaction& transaction) { return find_row(transaction, directory_, name); }));
    if (!found) return no_such_volume(name);
    return std::move(*found);
}

Result<std::vector<Volume>> Volumes::list() {
    return database_->read([&](store::Transaction& transaction) -> Result<std::vector<Volume>> {
        std::vector<Volume> volumes;
        auto rows = TRY(transaction.query("SELECT name FROM volumes ORDER BY name"));
        while (TRY(rows.next()))
            if (auto volume = TRY(find_row(transaction, directory_, rows.text(0))))
                volumes.push_back(std::move(*volume));
        return volumes;
    });
}

Result<> Volumes::remove(const std::string& name, Force force) {
    std::scoped_lock lock(mutex_);
    auto removed = database_->write(
        [&](store::Transaction& transaction) -> Result<> {
            if (!is_name(name) || !TRY(find_row(transaction, directory_, name))) return no_such_volume(name);
            auto users = TRY(users_of(transaction, name));
            if (!users.empty()) return in_use(name, users);
            TRY(transaction.execute("DELETE FROM volumes WHERE name = ?", {name}));
            return {};
        },
        store::Durability::power);
    if (!removed && force == Force::yes && removed.error().is(ErrorKind::not_found)) return {};
    TRY(std::move(removed));
    running_.erase(name);
    TRY(fault::point("volume.remove.row_removed"));
    TRY(posix::unmount(data_of(name)));
    TRY_CONTEXT(posix::remove_tree(directory_of(name)), cat("remove ", name));
    return {};
}

Result<PruneReport> Volumes::prune(const std::function<bool(const Volume&)>& wanted) {
    PruneReport report;
    for (auto& volume : TRY(list())) {
        if (!wanted(volume) || !TRY(users(volume.name)).empty()) continue;
        auto used = usage(volume.name);
        auto removed = remove(volume.name);
        if (!removed) {
            // Someone began to use it, or removed it; anything else concerns this one alone.
            log::failure("a volume was not pruned", removed.error(), log::Level::warning);
            continue;
        }
        report.removed.push_back(volume.name);
        if (used) report.reclaimed_bytes += used->size_bytes;
    }
    return report;
}

Result<> Volumes::reference(const std::string& name, const std::string& container) {
    return database_->write([&](store::Transaction& transaction) -> Result<> {
        if (!is_name(name) || !TRY(find_row(transaction, directory_, name))) return no_such_volume(name);
        TRY(transaction.execute("INSERT OR IGNORE INTO volume_refs (volume, container) VALUES (?, ?)",
                                {name, container}));
        return {};
    });
}

Result<std::vector<Volume>> Volumes::release(const std::string& container) {
    std::vector<Volume> used;
    TRY(database_->write([&](store::Transaction& transaction) -> Result<> {
        auto names = TRY(texts(
            transaction, "SELECT volume FROM volume_refs WHERE container = ? ORDER BY volume", container));
        if (names.empty()) return {};
        for (auto& name : names)
            if (auto volume = TRY(find_row(transaction, directory_, name)))
                used.push_back(std::move(*volume));
        TRY(transaction.execute("DELETE FROM volume_refs WHERE container = ?", {container}));
        return {};
    }));
    for (auto& volume : used)
        TRY(unmount(volume.name, container));
    return used;
}

Result<std::vector<std::string>> Volumes::users(const std::string& name) {
    return database_->read([&](store::Transaction& transaction) { return users_of(transaction, name); });
}

Result<> Volumes::populate(const std::string& name, int image_directory) {
    Volume volume = TRY(get(name));
    LocalMount local = TRY(parse_local_options(volume.options));
    std::string path = local.kind == LocalMount::Kind::bind ? local.device : volume.mountpoint;
    std::scoped_lock lock(mutex_);
    bool needs_mount = local.kind == LocalMount::Kind::file_system;
    if (needs_mount && !TRY(is_mounted(directory_of(name), path))) return {};
    posix::Fd data = TRY(posix::open_file(path, O_RDONLY | O_DIRECTORY));
    if (!TRY(posix::sorted_entries(data.get())).empty()) return {};
    auto copied = posix::copy_tree(image_directory, data.get());
    if (copied) return {};
    // Empty again, so that the next container tries again; it is the error of the copy that is told.
    for (auto& entry : TRY(posix::sorted_entries(data.get())))
        (void)posix::remove_at(data.get(), entry);
    return copied.error().prepend(cat("fill volume ", name));
}

Result<Source> Volumes::mount(const std::string& name, const std::string& container) {
    Volume volume = TRY(get(name));
    LocalMount local = TRY(parse_local_options(volume.options));
    std::scoped_lock lock(mutex_);
    if (local.kind == LocalMount::Kind::directory) {
        if (!posix::exists(volume.mountpoint))
            return fail(ErrorKind::data_loss, "mount volume ", name, ": its directory ", volume.mountpoint,
                        " is gone");
        return Source{.path = volume.mountpoint};
    }
    if (local.kind == LocalMount::Kind::bind) {
        TRY_CONTEXT(posix::open_file(local.device, O_PATH | O_DIRECTORY), cat("mount volume ", name));
        return Source{.path = local.device, .is_read_only = local.is_read_only};
    }
    if (!TRY(is_mounted(directory_of(name), volume.mountpoint)))
        TRY_CONTEXT(
            posix::mount_by_name(local.device, volume.mountpoint, local.type, local.attributes, local.data),
            cat("mount volume ", name));
    running_[name].insert(container);
    return Source{.path = volume.mountpoint, .is_read_only = local.is_read_only};
}

Result<> Volumes::unmount(const std::string& name, const std::string& container) {
    std::scoped_lock lock(mutex_);
    auto running = running_.find(name);
    if (running == running_.end() || running->second.erase(container) == 0) return {};
    if (!running->second.empty()) return {};
    running_.erase(running);
    return posix::unmount(data_of(name));
}

Result<Usage> Volumes::usage(const std::string& name) {
    Volume volume = TRY(get(name));
    posix::Fd data = TRY(posix::open_file(volume.mountpoint, O_RDONLY | O_DIRECTORY));
    auto tree = TRY(posix::usage_of_tree(data.get()));
    auto containers = TRY(users(name));
    return Usage{.size_bytes = tree.size_bytes, .containers = containers.size()};
}

/// Learns again who runs on a mounted volume, or unmounts it.
Result<> Volumes::restore_mount(const Volume& volume,
                                const std::function<bool(const std::string& container)>& is_running) {
    auto local = TRY(parse_local_options(volume.options));
    if (local.kind != LocalMount::Kind::file_system) return {};
    std::set<std::string> running;
    for (auto& container : TRY(users(volume.name)))
        if (is_running(container)) running.insert(container);
    std::scoped_lock lock(mutex_);
    if (running.empty()) return posix::unmount(volume.mountpoint);
    running_[volume.name] = std::move(running);
    return {};
}

Result<> Volumes::repair(const std::function<bool(const std::string& container)>& is_running) {
    for (auto& volume : TRY(list()))
        TRY(restore_mount(volume, is_running));
    std::scoped_lock lock(mutex_);
    for (auto& entry : TRY(posix::list_directory(directory_))) {
        bool is_known = TRY(database_->read([&](store::Transaction& transaction) -> Result<bool> {
            return TRY(find_row(transaction, directory_, entry))
            .has_value();
        }));
        if (is_known) continue;
        log::info("removing the remains of a volume", {{"volume", entry}});
        TRY(posix::unmount(data_of(entry)));
        TRY(posix::remove_tree(directory_of(entry)));
    }
    return {};
}

}  // namespace tare::volume
