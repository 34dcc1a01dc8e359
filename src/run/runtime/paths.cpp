#include <cerrno>

#include <fcntl.h>

#include "base/fault.h"
#include "posix/path.h"
#include "run/runtime/rootfs.h"

namespace tare::runtime {

namespace {

using posix::Recursive;
namespace attribute = posix::mount_attribute;

/// The target of a protected path, or nothing if the container has no such file.
Result<std::optional<posix::Fd>> open_present(const RootContext& context, const std::string& path) {
    auto target = posix::open_in_root(context.root.get(), path, O_PATH);
    if (target) return std::optional(std::move(*target));
    int reason = target.error().error_number();
    if (reason == ENOENT || reason == ENOTDIR) return std::optional<posix::Fd>();
    return target.error();
}

/// A directory hides behind an empty read-only tmpfs, a file behind the host's checked /dev/null: never
/// behind a node that the container could have replaced (security RT7).
Result<> mask(const RootContext& context, const std::string& path) {
    auto target = TRY(open_present(context, path));
    if (!target) return {};
    bool is_directory = TRY(posix::node_facts(target->get()))
    .kind == posix::NodeFacts::Kind::directory;
    posix::Fd cover = is_directory ? TRY(posix::make_mount("tmpfs", "tmpfs", {}, attribute::read_only))
                                   : TRY(posix::clone_mount(context.null.get(), Recursive::no));
                                   return posix::attach_mount(cover.get(), target->get());
}

Result<> make_read_only(const RootContext& context, const std::string& path) {
    auto target = TRY(open_present(context, path));
    if (!target) return {};
    posix::Fd cover = TRY(posix::clone_mount(target->get(), Recursive::yes));
    TRY(posix::set_mount_attributes(cover.get(), attribute::read_only, 0, posix::Propagation::unchanged,
                                    Recursive::no));
    return posix::attach_mount(cover.get(), target->get());
}

}  // namespace

Result<> protect_paths(RootContext& context) {
    TRY(fault::point("paths.protect.begun"));
    for (auto& path : context.spec.linux_section.readonly_paths)
        TRY_CONTEXT(make_read_only(context, path), cat("make ", quote(path), " read-only"));
    for (auto& path : context.spec.linux_section.masked_paths)
        TRY_CONTEXT(mask(context, path), cat("mask ", quote(path)));
    return {};
}

}  // namespace tare::runtime
