#include "image/layer/archive.h"

#include <cerrno>

#include <fcntl.h>

#include "image/layer/applier.h"
#include "image/layer/decoder.h"
#include "image/layer/decompress.h"
#include "image/layer/tar_reader.h"
#include "image/layer/tree_packer.h"
#include "posix/file.h"
#include "posix/path.h"

namespace tare::layer {

namespace {

/// Where an entry is: its parent, resolved in the root, and its own name, not followed.
struct Place {
    posix::Fd parent;
    std::string name;        ///< empty: `parent` is the entry itself (the root, "dir/", "dir/.")
    std::string shown_name;  ///< the last component as the path has it
};

bool asks_for_directory(std::string_view path) {
    return path.empty() || path.ends_with('/') || path.ends_with("/.") || path == "." ||
           path.ends_with("/..") || path == "..";
}

Error with_path(Error error, std::string_view path) {
    if (error.error_number() == ENOENT || error.error_number() == ENOTDIR)
        return fail(error.error_number() == ENOENT ? ErrorKind::not_found : ErrorKind::invalid_argument,
                    error.error_number() == ENOENT ? "no such file or directory: " : "not a directory: ",
                    quote(path))
            .set_error_number(error.error_number());
    return error;
}

Result<Place> find_place(int root, std::string_view path) {
    if (path.find('\0') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "path ", quote(path), " holds a NUL byte");
    std::string clean = posix::clean_path(path);
    Place place;
    if (clean == "/" || asks_for_directory(path)) {
        // Resolved as given, not cleaned: "link/.." is where the link leads.
        auto opened = posix::open_in_root(root, path.empty() ? "/" : path, O_RDONLY | O_DIRECTORY);
        if (!opened) return with_path(opened.error(), path);
        place.parent = TRY(std::move(opened));
        bool is_dot = path.ends_with("/.") || path == ".";
        place.shown_name = clean == "/" ? "/" : is_dot ? "." : std::string(split_parent(clean).name);
        return place;
    }
    auto [parent, name] = split_parent(path);
    auto opened = posix::open_in_root(root, parent.empty() ? "/" : parent, O_RDONLY | O_DIRECTORY);
    if (!opened) return with_path(opened.error(), path);
    place.parent = TRY(std::move(opened));
    place.name = place.shown_name = std::string(name);
    return place;
}

Result<posix::FileStatus> status_of_place(const Place& place, std::string_view path) {
    if (place.name.empty()) return posix::status_of(place.parent.get());
    auto status = TRY(posix::status_at(place.parent.get(), place.name));
    if (status) return *status;
    return fail(ErrorKind::not_found, "no such file or directory: ", quote(path)).set_error_number(ENOENT);
}

/// The absolute path in the root that a descriptor stands for: what the kernel calls it, less the
/// root's own name. Only for telling; nothing is opened by it.
Result<std::string> path_in_root(int root, int fd) {
    std::string of_root = TRY(posix::read_link(posix::descriptor_path(root)));
    std::string of_fd = TRY(posix::read_link(posix::descriptor_path(fd)));
    if (of_root == "/") return of_fd;
    if (of_fd == of_root) return std::string("/");
    if (!of_fd.starts_with(of_root + "/"))
        return fail(ErrorKind::failed_precondition, "the container's file system was moved meanwhile");
    return of_fd.substr(of_root.size());
}

/// As Docker tells it: where the link finally leads, or, if nothing is there, where it points.
Result<std::string> resolve_link(int root, const Place& place) {
    std::string target = TRY(posix::read_link_at(place.parent.get(), place.name));
    std::string parent = TRY(path_in_root(root, place.parent.get()));
    auto found = posix::open_in_root(root, cat(parent, "/", place.name), O_PATH);
    if (found) return path_in_root(root, found->get());
    return posix::clean_path(target.starts_with('/') ? target : cat(parent, "/", target));
}

Result<PathStatus> status_from(int root, const Place& place, std::string_view path) {
    PathStatus result;
    result.name = place.shown_name;
    result.status = TRY(status_of_place(place, path));
    if (result.status.is(posix::FileType::symlink)) result.link_target = TRY(resolve_link(root, place));
    return result;
}

}  // namespace

Result<PathStatus> status_in_root(int root, std::string_view path) {
    return status_from(root, TRY(find_place(root, path)), path);
}

Result<PathStatus> pack_path(int root, std::string_view path, ByteSink& tar, const PackOptions& options) {
    Place place = TRY(find_place(root, path));
    PathStatus result = TRY(status_from(root, place, path));
    std::string top = !options.rebase_name.empty() ? options.rebase_name
                      : place.shown_name == "/"    ? "."
                                                   : place.shown_name;
    TarWriter writer(tar);
    TreePacker packer(writer);
    if (result.status.is(posix::FileType::directory)) {
        posix::Fd directory =
            place.name.empty()
                ? std::move(place.parent)
                : TRY(posix::open_at(place.parent.get(), place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        TRY(packer.add_directory(directory.get(), result.status, top));
        TRY(packer.add_below(directory.get(), top));
    } else {
        TRY(packer.add(place.parent.get(), place.name, result.status, top));
    }
    TRY(writer.finish());
    return result;
}

Result<> pack_tree(int root, ByteSink& tar) {
    TarWriter writer(tar);
    TreePacker packer(writer);
    TRY(packer.add_below(root, ""));
    return writer.finish();
}

Result<> extract_into(int root, std::string_view path, ByteSource& archive, const ExtractOptions& options) {
    auto target = posix::open_in_root(root, path.empty() ? "/" : path, O_RDONLY | O_DIRECTORY);
    if (!target) return with_path(target.error(), path);
    std::string prefix = TRY(path_in_root(root, target->get()));
    std::unique_ptr<ByteSource> plain;
    if (options.worker)
        plain = std::make_unique<ConfinedDecoder>(*options.worker, archive, options.cancel);
    else
        plain = std::make_unique<Decompressor>(archive);
    TarReader reader(*plain);
    // The walk starts at the root, not at the target, so that a link in the tree is resolved as the
    // container would; a target that is moved meanwhile is still looked up inside the root.
    Applier applier(root, {.prefix = prefix.substr(1),
                           .overwrite_type = options.overwrite_type,
                           .uid = options.uid,
                           .gid = options.gid});
    TarEntry entry;
    while (TRY_CONTEXT(reader.next(entry), "extract archive"))
        TRY_CONTEXT(applier.apply(entry, reader), cat("extract ", quote(entry.path.substr(0, 256))));
    return applier.finish();
}

}  // namespace tare::layer
