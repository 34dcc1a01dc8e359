#include "image/layer/apply.h"

#include <fcntl.h>

#include "base/sha256.h"
#include "image/layer/applier.h"
#include "image/layer/tar_reader.h"
#include "image/layer/whiteout.h"
#include "posix/path.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::layer {

Result<std::string> clean_entry_name(std::string_view name, const TarLimits& limits) {
    auto refuse = [&](std::string_view why) {
        return fail(ErrorKind::invalid_argument, "name ", quote(name.substr(0, 256)), " ", why);
    };
    if (name.size() > limits.path_bytes) return refuse("is too long");
    if (name.find('\0') != std::string_view::npos) return refuse("holds a NUL byte");
    std::string clean;
    std::size_t depth = 0;
    for (auto part : split(name, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (depth == 0) return refuse("leads out of the root");
            --depth;
            clean.resize(split_parent(clean).parent.size());
            continue;
        }
        if (part.size() > limits.component_bytes) return refuse("has a component that is too long");
        if (++depth > limits.depth) return refuse("is too deep");
        if (!clean.empty()) clean += '/';
        clean += part;
    }
    return clean;
}

Result<AppliedLayer> apply_layer(ByteSource& tar, int root, const ApplyOptions& options) {
    Hasher hasher;
    TarReader reader(tar, options.limits);
    reader.observe(
        [](void* context, std::string_view bytes) { static_cast<Hasher*>(context)->update(bytes); }, &hasher);
    Applier applier(root, {.whiteouts = options.whiteouts,
                           .lower_roots = options.lower_roots,
                           .opaque_marks = options.opaque_marks,
                           .limits = options.limits});
    TarEntry entry;
    while (TRY_CONTEXT(reader.next(entry), "unpack layer"))
        TRY_CONTEXT(applier.apply(entry, reader), cat("unpack ", quote(entry.path.substr(0, 256))));
    TRY_CONTEXT(applier.finish(), "unpack layer: set directory times");
    return AppliedLayer{.diff_id = hasher.digest(),
                        .size_bytes = reader.consumed_bytes(),
                        .implied_directories = applier.implied_directories(),
                        .opaque_directories = applier.opaque_directories()};
}

Result<> mark_opaque(int root, std::span<const std::string> directories) {
    for (auto& path : directories) {
        posix::Fd directory =
            TRY(posix::open_in_root(root, path.empty() ? "/" : path, O_RDONLY | O_DIRECTORY));
        TRY_CONTEXT(posix::set_xattr(directory.get(), kOverlayOpaque, "y"), quote(path));
    }
    return {};
}

Result<> adopt_directories(int root, std::span<const std::string> directories,
                           std::span<const int> lower_roots) {
    for (auto& path : directories) {
        posix::Fd directory = TRY(posix::open_beneath_no_links(root, path, O_RDONLY | O_DIRECTORY));
        auto time = TRY_CONTEXT(copy_covered(path, directory.get(), lower_roots), quote(path));
        if (time) TRY(posix::set_modified(directory.get(), *time));
    }
    return {};
}

}  // namespace tare::layer
