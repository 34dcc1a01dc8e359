#include "image/layer/applier.h"

#include <cerrno>

#include <fcntl.h>

#include "base/log.h"
#include "image/layer/whiteout.h"
#include "image/layer/xattr_filter.h"
#include "posix/file.h"
#include "posix/path.h"

namespace tare::layer {

namespace {

using posix::FileStatus;
using posix::FileType;

bool is_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

Result<> set_xattrs(int fd, const std::vector<posix::Xattr>& xattrs) {
    for (auto& xattr : xattrs) {
        if (!is_layer_xattr(xattr.name)) continue;
        auto set = posix::set_xattr(fd, xattr.name, xattr.value);
        if (set) continue;
        // A file system without user attributes or ACLs loses them, as every engine has it; a lost
        // capability would break the program, so that one is an error.
        bool optional = xattr.name != "security.capability" && set.error().error_number() == EOPNOTSUPP;
        if (!optional) return set.error();
        log::debug("attribute not supported by the file system", {{"name", xattr.name}});
    }
    return {};
}

}  // namespace

Result<> Applier::apply(const TarEntry& entry, TarReader& reader) {
    std::string path = TRY(clean_entry_name(entry.path, options_.limits));
    if (path.empty()) return apply_root(entry);
    auto [parent_path, base] = split_parent(path);
    if (options_.whiteouts) {
        if (TRY(is_in_whiteout(parent_path))) return {};
        if (is_whiteout(base)) return apply_whiteout(std::string(parent_path), base);
    }
    std::string full = prefixed(path);
    std::string name(base);
    int parent = TRY(walk_.open(split_parent(full).parent));
    note(full);
    return make(parent, name, full, entry, reader);
}

std::string Applier::prefixed(std::string_view path) const {
    return options_.prefix.empty() ? std::string(path) : cat(options_.prefix, "/", path);
}

/// True for what aufs kept below ".wh..wh.plnk"; no other whiteout can have entries.
Result<bool> Applier::is_in_whiteout(std::string_view directory) const {
    if (directory.find(kWhiteoutPrefix) == std::string_view::npos) return false;
    for (auto component : split(directory, '/')) {
        if (is_reserved_whiteout(component)) return true;
        if (is_whiteout(component))
            return fail(ErrorKind::invalid_argument, "whiteout ", quote(component),
                        " is used as a directory");
    }
    return false;
}

Result<> Applier::apply_root(const TarEntry& entry) {
    if (entry.type != TarType::directory)
        return fail(ErrorKind::invalid_argument, "the root of an archive is not a directory");
    // What is copied into an existing directory leaves that directory as it is.
    if (!options_.whiteouts) return {};
    return set_directory_attributes(root_, "", entry);
}

// --- whiteouts ---

Result<> Applier::apply_whiteout(const std::string& directory, std::string_view name) {
    if (name == kOpaqueWhiteout) return apply_opaque(directory);
    if (is_reserved_whiteout(name)) return {};  // aufs kept its own bookkeeping under such names
    std::string hidden = TRY(whited_out_name(name));
    int parent = TRY(walk_.open(directory));
    auto status = TRY(posix::status_at(parent, hidden));
    std::string path = directory.empty() ? hidden : cat(directory, "/", hidden);
    // A whiteout speaks of the layers below only: what this layer has put there stays, and of a
    // directory the older content goes.
    bool own = status && (is_overlay() || applied_.contains(path));
    if (own) return status->is(FileType::directory) ? apply_opaque(path) : Result<>();
    if (is_overlay()) return posix::make_node_at(parent, hidden, FileType::character_device, 0, 0, 0);
    TRY(replace(parent, hidden, path, TarType::regular));
    return {};
}

Result<> Applier::apply_opaque(const std::string& directory) {
    int fd = TRY(walk_.open(directory));
    if (is_overlay()) return mark_opaque(fd, directory);
    TRY(remove_older(fd, directory));
    walk_.forget();
    link_walk_.forget();
    return {};
}

Result<> Applier::mark_opaque(int fd, const std::string& directory) {
    if (options_.opaque_marks == OpaqueMarks::set) return posix::set_xattr(fd, kOverlayOpaque, "y");
    opaque_.insert(directory);
    return {};
}

/// Removes below `directory` whatever is not of this layer.
Result<> Applier::remove_older(int directory, const std::string& path) {
    for (auto& name : TRY(posix::sorted_entries(directory))) {
        std::string child = path.empty() ? name : cat(path, "/", name);
        if (!applied_.contains(child)) {
            TRY(posix::remove_at(directory, name));
            continue;
        }
        auto status = TRY(posix::status_at(directory, name));
        if (!status || !status->is(FileType::directory)) continue;
        posix::Fd below = TRY(posix::open_directory_at(directory, name));
        TRY(remove_older(below.get(), child));
    }
    return {};
}

/// With literal whiteouts remembers the entry and its parents as this layer's.
void Applier::note(const std::string& path) {
    if (options_.whiteouts != WhiteoutFormat::literal) return;
    std::string_view left = path;
    while (!left.empty() && applied_.emplace(left).second)
        left = split_parent(left).parent;
}

// --- entries ---

Result<> Applier::make(int parent, const std::string& name, const std::string& path, const TarEntry& entry,
                       TarReader& reader) {
    switch (entry.type) {
        case TarType::regular:
            return make_file(parent, name, path, entry, reader);
        case TarType::directory:
            return make_directory(parent, name, path, entry);
        case TarType::hard_link:
            return make_hard_link(parent, name, path, entry);
        default:
            return make_special(parent, name, path, entry);
    }
}

Result<> check_overwrite(const FileStatus& present, TarType type, const std::string& path) {
    bool was_directory = present.is(FileType::directory);
    if (was_directory == (type == TarType::directory)) return {};
    return fail(ErrorKind::invalid_argument, "cannot overwrite ",
                was_directory ? "directory " : "non-directory ", quote(path),
                was_directory ? " with a non-directory" : " with a directory");
}

/// Removes what stands in the way of an entry; answers the parent, which may be another descriptor
/// now: kept ones may show a removed directory, or one that a removed link led to.
Result<int> Applier::replace(int parent, const std::string& name, const std::string& path, TarType type) {
    auto status = TRY(posix::status_at(parent, name));
    if (!status) return parent;
    if (options_.overwrite_type == OverwriteType::refused) TRY(check_overwrite(*status, type, path));
    TRY(posix::remove_at(parent, name));
    if (!status->is(FileType::directory) && !status->is(FileType::symlink)) return parent;
    directory_times_.erase(path);
    for (auto it = directory_times_.upper_bound(path); it != directory_times_.end();)
        it = is_below(it->first, path) ? directory_times_.erase(it) : std::next(it);
    auto is_gone = [&](const std::string& known) { return known == path || is_below(known, path); };
    std::erase_if(implied_, is_gone);
    std::erase_if(opaque_, is_gone);
    std::erase_if(applied_, [&](auto& applied) { return is_below(applied, path); });
    link_walk_.forget();
    walk_.forget();
    return walk_.open(split_parent(path).parent);
}

Result<> Applier::make_file(int parent, const std::string& name, const std::string& path,
                            const TarEntry& entry, TarReader& reader) {
    auto created = posix::create_file_at(parent, name, 0600);
    if (!created && created.error().is(ErrorKind::already_exists)) {
        parent = TRY(replace(parent, name, path, entry.type));
        created = posix::create_file_at(parent, name, 0600);
    }
    posix::Fd file = TRY(std::move(created));
    for (auto piece = TRY(reader.data()); !piece.bytes.empty(); piece = TRY(reader.data())) {
        if (entry.data_map) {
            TRY(posix::write_all_at(file.get(), piece.bytes, piece.offset));
        } else {
            TRY(posix::write_all(file.get(), piece.bytes));
        }
    }
    if (entry.data_map) TRY(posix::set_size(file.get(), entry.size_bytes));
    // In this order: a new owner clears setuid bits and capabilities, and any change sets the time.
    TRY(posix::set_owner(file.get(), options_.uid.value_or(entry.uid), options_.gid.value_or(entry.gid)));
    TRY(posix::set_permissions(file.get(), entry.permissions));
    TRY(set_xattrs(file.get(), entry.xattrs));
    return posix::set_modified(file.get(), entry.modified);
}

Result<> Applier::make_directory(int parent, const std::string& name, const std::string& path,
                                 const TarEntry& entry) {
    auto made = posix::make_directory_at(parent, name, 0700);
    if (!made && made.error().is(ErrorKind::already_exists)) {
        auto status = TRY(posix::status_at(parent, name));
        if (!status || !status->is(FileType::directory)) {
            parent = TRY(replace(parent, name, path, entry.type));
            TRY(posix::make_directory_at(parent, name, 0700));
            // The whiteout that stood here hides the directory below; an opaque one does the same.
            if (is_overlay() && status && status->is_overlay_whiteout()) TRY(apply_opaque(path));
        }
    } else if (!made) {
        return made.error();
    }
    implied_.erase(path);
    return set_directory_attributes(TRY(walk_.open(path)), path, entry);
}

Result<> Applier::set_directory_attributes(int directory, const std::string& path, const TarEntry& entry) {
    TRY(posix::set_owner(directory, options_.uid.value_or(entry.uid), options_.gid.value_or(entry.gid)));
    TRY(posix::set_permissions(directory, entry.permissions));
    TRY(set_xattrs(directory, entry.xattrs));
    directory_times_[path] = entry.modified;
    return {};
}

Result<> Applier::make_hard_link(int parent, const std::string& name, const std::string& path,
                                 const TarEntry& entry) {
    std::string below = TRY_CONTEXT(clean_entry_name(entry.link_target, options_.limits), "hard link");
    std::string target = prefixed(below);
    auto [target_parent, target_name] = split_parent(target);
    if (below.empty() || (options_.whiteouts && is_whiteout(target_name)))
        return fail(ErrorKind::invalid_argument, "hard link to ", quote(entry.link_target), ": not a file");
    int source = TRY_CONTEXT(link_walk_.open(target_parent), "hard link");
    auto status = TRY(posix::status_at(source, std::string(target_name)));
    if (!status)
        return fail(ErrorKind::invalid_argument, "hard link to ", quote(entry.link_target),
                    ": the layer has no such file");
    if (status->is(FileType::directory) || status->is_overlay_whiteout())
        return fail(ErrorKind::invalid_argument, "hard link to ", quote(entry.link_target), ": not a file");
    auto present = TRY(posix::status_at(parent, name));
    if (present && present->inode == status->inode && present->device == status->device) return {};
    if (present) {
        parent = TRY(replace(parent, name, path, entry.type));
        source = TRY_CONTEXT(link_walk_.open(target_parent), "hard link");
    }
    return posix::make_hard_link_at(source, std::string(target_name), parent, name);
}

Result<> Applier::make_special(int parent, const std::string& name, const std::string& path,
                               const TarEntry& entry) {
    bool is_device = entry.type == TarType::character_device || entry.type == TarType::block_device;
    if (is_device && entry.device_major == 0 && entry.device_minor == 0)
        return fail(ErrorKind::invalid_argument, "device 0:0 is a mark of overlayfs, not a device");
    auto create = [&]() -> Result<> {
        switch (entry.type) {
            case TarType::symlink:
                return posix::make_symlink_at(parent, name, entry.link_target);
            case TarType::fifo:
                return posix::make_node_at(parent, name, FileType::fifo, entry.permissions);
            default:
                return posix::make_node_at(
                    parent, name,
                    entry.type == TarType::block_device ? FileType::block_device : FileType::character_device,
                    entry.permissions, entry.device_major, entry.device_minor);
        }
    };
    auto created = create();
    if (!created && created.error().is(ErrorKind::already_exists)) {
        parent = TRY(replace(parent, name, path, entry.type));
        created = create();
    }
    TRY(std::move(created));
    TRY(posix::set_owner_at(parent, name, options_.uid.value_or(entry.uid),
                            options_.gid.value_or(entry.gid)));
    // A link has no permissions, and neither has it or a device attributes that we keep. Those of a node are
    // right from the start, unless a umask or a default ACL took some.
    if (entry.type != TarType::symlink) {
        auto made = TRY(posix::status_at(parent, name));
        if (made && made->permissions != entry.permissions)
            TRY(posix::set_permissions_at(parent, name, entry.permissions));
    }
    return posix::set_modified_at(parent, name, entry.modified);
}

// --- implied directories ---

Result<> Applier::imply_directory(int parent, const std::string& name, const std::string& path) {
    auto status = TRY(posix::status_at(parent, name));
    bool hidden = status && is_overlay() && status->is_overlay_whiteout();
    if (status && !hidden)
        return fail(ErrorKind::invalid_argument, "the parent ", quote(path), " is not a directory");
    if (hidden) TRY(posix::remove_at(parent, name));
    TRY(posix::make_directory_at(parent, name, 0755));
    posix::Fd directory = TRY(posix::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(posix::set_permissions(directory.get(), 0755));
    if (hidden) return mark_opaque(directory.get(), path);
    return adopt_directory(path, directory.get());
}

Result<> Applier::adopt_directory(const std::string& path, int directory) {
    auto time = TRY(copy_covered(path, directory, options_.lower_roots));
    if (time) {
        directory_times_[path] = *time;
    } else {
        implied_.insert(path);
    }
    return {};
}

Result<> Applier::finish() {
    for (auto& [path, time] : directory_times_) {
        int directory = TRY(walk_.open(path));
        TRY_CONTEXT(posix::set_modified(directory, time), quote(path));
    }
    return {};
}

Result<std::optional<posix::Timestamp>> copy_covered(const std::string& path, int directory,
                                                     std::span<const int> lower_roots) {
    for (int lower : lower_roots) {
        auto covered = posix::open_in_root(lower, path, O_PATH | O_NOFOLLOW);
        if (!covered && covered.error().error_number() == ENOENT) continue;
        if (!covered) break;  // a file in the way ends what is visible
        auto status = TRY(posix::status_of(covered->get()));
        if (!status.is(FileType::directory)) break;
        TRY(posix::set_owner(directory, status.uid, status.gid));
        TRY(posix::set_permissions(directory, status.permissions));
        TRY(set_xattrs(directory, TRY(posix::list_xattrs(covered->get()))));
        return std::optional(status.modified);
    }
    return std::optional<posix::Timestamp>();
}

}  // namespace tare::layer
