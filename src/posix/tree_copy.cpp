#include "posix/tree_copy.h"

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "posix/path.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::posix {

namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

bool is_copied_xattr(std::string_view name) {
    return name != "security.selinux" && name != "security.ima" && name != "security.evm" &&
           !name.starts_with("trusted.overlay.") && !name.starts_with("user.overlay.");
}

/// tmpfs of older kernels and others have no user.* attributes; file capabilities and ACLs matter too much
/// to be lost in silence.
bool is_bearable(const Error& error, std::string_view name) {
    return error.error_number() == EOPNOTSUPP && name.starts_with("user.");
}

Error too_deep() {
    return fail(ErrorKind::resource_exhausted, "the tree is deeper than ", kMaxTreeDepth, " directories");
}

/// Copies one stretch of data inside the kernel; plain reading and writing where it cannot.
Result<> copy_range(int from, int to, DataRange range) {
    std::string buffer;
    off_t in = static_cast<off_t>(range.offset);
    off_t end = static_cast<off_t>(range.offset + range.size_bytes);
    while (in < end) {
        off_t out = in;
        if (buffer.empty()) {
            ssize_t copied = ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(end - out), 0);
            if (copied > 0) continue;
            if (copied == 0) return {};  // it shrank meanwhile
            buffer.resize(kChunkBytes);
        }
        std::size_t wanted = std::min(buffer.size(), static_cast<std::size_t>(end - in));
        std::size_t got = TRY(read_at(from, buffer.data(), wanted, static_cast<std::uint64_t>(in)));
        if (got == 0) return {};
        TRY(write_all_at(to, std::string_view(buffer).substr(0, got), static_cast<std::uint64_t>(in)));
        in += static_cast<off_t>(got);
    }
    return {};
}

Result<> copy_data(int from, int to, std::uint64_t size_bytes) {
    if (size_bytes == 0 || ::ioctl(to, FICLONE, from) == 0) return {};
    TRY(set_size(to, size_bytes));
    std::uint64_t offset = 0;
    while (auto range = TRY(next_data(from, offset, size_bytes))) {
        TRY(copy_range(from, to, *range));
        offset = range->offset + range->size_bytes;
    }
    return {};
}

class TreeCopy {
  public:
    explicit TreeCopy(int to) : root_(to) {}

    Result<> copy_below(int from, int to, const std::string& path, int depth) {
        if (depth > kMaxTreeDepth) return too_deep();
        for (auto& name : TRY(sorted_entries(from)))
            TRY_CONTEXT(copy_entry(from, to, name, path, depth), quote(cat(path, name)));
        return {};
    }

  private:
    Result<> copy_entry(int from, int to, const std::string& name, const std::string& path, int depth) {
        auto status = TRY(status_at(from, name));
        if (!status) return {};  // it went away meanwhile
        if (!status->is(FileType::directory) && status->links > 1) {
            auto [first, is_new] = first_names_.try_emplace({status->device, status->inode}, cat(path, name));
            if (!is_new) return link_to_first(first->second, to, name);
        }
        TRY(make_entry(from, to, name, path, *status, depth));
        TRY(set_owner_at(to, name, status->uid, status->gid));
        if (!status->is(FileType::symlink)) TRY(set_permissions_at(to, name, status->permissions));
        for (auto& attribute : TRY(list_xattrs_at(from, name))) {
            if (!is_copied_xattr(attribute.name)) continue;
            auto set = set_xattr_at(to, name, attribute.name, attribute.value);
            if (!set && !is_bearable(set.error(), attribute.name)) return set;
        }
        return set_modified_at(to, name, status->modified);
    }

    Result<> make_entry(int from, int to, const std::string& name, const std::string& path,
                        const FileStatus& status, int depth) {
        switch (status.type) {
            case FileType::directory: {
                TRY(make_directory_at(to, name, 0700));
                Fd source = TRY(open_directory_at(from, name));
                // What is mounted there is another tree.
                if (TRY(status_of(source.get())).device != status.device) return {};
                Fd target = TRY(open_directory_at(to, name));
                return copy_below(source.get(), target.get(), cat(path, name, "/"), depth + 1);
            }
            case FileType::regular: {
                Fd source = TRY(open_regular_at(from, name));
                Fd target = TRY(create_file_at(to, name, 0600));
                return copy_data(source.get(), target.get(), status.size_bytes);
            }
            case FileType::symlink:
                return make_symlink_at(to, name, TRY(read_link_at(from, name)));
            default:
                return make_node_at(to, name, status.type, 0600, status.device_major, status.device_minor);
        }
    }

    Result<> link_to_first(const std::string& first, int to, const std::string& name) {
        auto slash = first.rfind('/');
        if (slash == std::string::npos) return make_hard_link_at(root_, first, to, name);
        Fd parent = TRY(open_beneath_no_links(root_, first.substr(0, slash), O_PATH | O_DIRECTORY));
        return make_hard_link_at(parent.get(), first.substr(slash + 1), to, name);
    }

    int root_;
    /// (file system, inode) → path below the root.
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
};

class Measure {
  public:
    Result<> add_below(int directory, int depth) {
        if (depth > kMaxTreeDepth) return too_deep();
        for (auto& name : TRY(sorted_entries(directory))) {
            auto status = TRY(status_at(directory, name));
            if (!status) continue;
            if (!add(*status) || !status->is(FileType::directory)) continue;
            Fd below = TRY(open_directory_at(directory, name));
            TRY(add_below(below.get(), depth + 1));
        }
        return {};
    }
    bool add(const FileStatus& status) {
        bool has_one_name = status.is(FileType::directory) || status.links == 1;
        if (!has_one_name && !seen_.insert({status.device, status.inode}).second) return false;
        usage.size_bytes += status.allocated_bytes;
        ++usage.inodes;
        return true;
    }

    TreeUsage usage;

  private:
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

}  // namespace

Result<> copy_tree(int from, int to) {
    FileStatus status = TRY(status_of(from));
    TRY(TreeCopy(to).copy_below(from, to, "", 0));
    Fd target = TRY(reopen(to, O_RDONLY | O_DIRECTORY));
    TRY(set_owner(target.get(), status.uid, status.gid));
    TRY(set_permissions(target.get(), status.permissions));
    for (auto& attribute : TRY(list_xattrs(from))) {
        if (!is_copied_xattr(attribute.name)) continue;
        auto set = set_xattr(target.get(), attribute.name, attribute.value);
        if (!set && !is_bearable(set.error(), attribute.name)) return set;
    }
    return set_modified(target.get(), status.modified);
}

Result<TreeUsage> usage_of_tree(int directory) {
    Measure measure;
    measure.add(TRY(status_of(directory)));
    TRY(measure.add_below(directory, 0));
    return measure.usage;
}

}  // namespace tare::posix
