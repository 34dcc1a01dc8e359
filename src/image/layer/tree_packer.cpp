#include "image/layer/tree_packer.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include <fcntl.h>

#include "image/layer/xattr_filter.h"
#include "posix/file.h"
#include "posix/xattr.h"

namespace tare::layer {

namespace {

using posix::FileType;

constexpr std::size_t kBufferBytes = std::size_t{128} << 10;

std::optional<TarType> tar_type(FileType type) {
    switch (type) {
        case FileType::regular:
            return TarType::regular;
        case FileType::directory:
            return TarType::directory;
        case FileType::symlink:
            return TarType::symlink;
        case FileType::character_device:
            return TarType::character_device;
        case FileType::block_device:
            return TarType::block_device;
        case FileType::fifo:
            return TarType::fifo;
        case FileType::socket:
            break;
    }
    return std::nullopt;
}

TarEntry entry_of(const posix::FileStatus& status, TarType type, const std::string& archive_path) {
    return {.type = type,
            .path = archive_path,
            .permissions = status.permissions,
            .uid = status.uid,
            .gid = status.gid,
            .modified = status.modified,
            .device_major = status.device_major,
            .device_minor = status.device_minor};
}

std::vector<posix::Xattr> layer_xattrs(std::vector<posix::Xattr> xattrs) {
    std::erase_if(xattrs, [](auto& xattr) { return !is_layer_xattr(xattr.name); });
    std::ranges::sort(xattrs, {}, &posix::Xattr::name);
    return xattrs;
}

/// The stretch of a file, exactly so many bytes.
Result<> write_range(TarWriter& writer, int file, posix::DataRange range, char* buffer) {
    while (range.size_bytes > 0) {
        auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(range.size_bytes, kBufferBytes));
        std::size_t count = TRY(posix::read_at(file, buffer, wanted, range.offset));
        if (count == 0) return writer.write_zeros(range.size_bytes);
        TRY(writer.write({buffer, count}));
        range.offset += count;
        range.size_bytes -= count;
    }
    return {};
}

}  // namespace

Result<> TreePacker::add(int directory, const std::string& name, const posix::FileStatus& status,
                         const std::string& archive_path) {
    auto type = tar_type(status.type);
    if (!type) return {};
    TarEntry entry = entry_of(status, *type, archive_path);
    if (status.links > 1 && *type != TarType::directory) {
        auto [first, is_new] = first_names_.try_emplace({status.device, status.inode}, archive_path);
        if (!is_new) {
            entry.type = TarType::hard_link;
            entry.link_target = first->second;
            return writer_.add(entry);
        }
    }
    entry.xattrs = layer_xattrs(TRY(posix::list_xattrs_at(directory, name)));
    if (*type == TarType::symlink) entry.link_target = TRY(posix::read_link_at(directory, name));
    if (*type != TarType::regular) return writer_.add(entry);
    TRY_CONTEXT(add_file(directory, name, std::move(entry)), quote(archive_path));
    return {};
}

Result<> TreePacker::add_directory(int directory, const posix::FileStatus& status,
                                   const std::string& archive_path) {
    TarEntry entry = entry_of(status, TarType::directory, archive_path);
    entry.xattrs = layer_xattrs(TRY(posix::list_xattrs(directory)));
    return writer_.add(entry);
}

Result<> TreePacker::add_file(int directory, const std::string& name, TarEntry entry) {
    posix::Fd file = TRY(posix::open_regular_at(directory, name));
    auto status = TRY(posix::status_of(file.get()));
    entry.size_bytes = status.size_bytes;
    TRY(writer_.add(entry));
    auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
    bool has_holes = status.allocated_bytes < status.size_bytes;
    if (!has_holes) return write_range(writer_, file.get(), {0, status.size_bytes}, buffer.get());
    std::uint64_t position = 0;
    while (auto data = TRY(posix::next_data(file.get(), position, status.size_bytes))) {
        TRY(writer_.write_zeros(data->offset - position));
        TRY(write_range(writer_, file.get(), *data, buffer.get()));
        position = data->offset + data->size_bytes;
    }
    return writer_.write_zeros(status.size_bytes - position);
}

Result<> TreePacker::add_below(int directory, const std::string& archive_path) {
    for (auto& name : TRY(posix::sorted_entries(directory))) {
        auto status = TRY(posix::status_at(directory, name));
        if (!status) continue;  // removed meanwhile, by the container
        std::string path = archive_path.empty() ? name : cat(archive_path, "/", name);
        if (!status->is(FileType::directory)) {
            auto added = add(directory, name, *status, path);
            bool vanished = !added && added.error().error_number() == ENOENT;
            if (!vanished) TRY(std::move(added));
            continue;
        }
        auto child = posix::open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!child && child.error().error_number() == ENOENT) continue;
        posix::Fd below = TRY(std::move(child));
        TRY(add_directory(below.get(), *status, path));
        TRY(add_below(below.get(), path));
    }
    return {};
}

}  // namespace tare::layer
