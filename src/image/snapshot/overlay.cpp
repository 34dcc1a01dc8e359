#include "image/snapshot/overlay.h"

#include <algorithm>

#include <fcntl.h>

#include "image/snapshot/directory_snapshotter.h"
#include "posix/file.h"
#include "posix/overlay.h"
#include "posix/path.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::snapshot {

using posix::Fd;

namespace {

/// Whether the module's default for this parameter is on; absent in kernels that do not know it.
enum class ModuleDefault { absent, off, on };
ModuleDefault module_default(std::string_view parameter) {
    auto text = posix::read_file(cat("/sys/module/overlay/parameters/", parameter), 16);
    if (!text) return ModuleDefault::absent;
    return trim(*text) == "N" ? ModuleDefault::off : ModuleDefault::on;
}

/// Options that do not depend on the snapshot.
std::vector<std::string> common_options(bool user_xattr) {
    std::vector<std::string> options;
    // With an index, a lower directory could not be shared by several containers.
    if (module_default("index") != ModuleDefault::absent) options.emplace_back("index=off");
    // These put references into the upper directory in place of entries, which layers cannot express.
    if (module_default("redirect_dir") == ModuleDefault::on) options.emplace_back("redirect_dir=off");
    if (module_default("metacopy") == ModuleDefault::on) options.emplace_back("metacopy=off");
    if (user_xattr) options.emplace_back("userxattr");
    return options;
}

class Overlay : public DirectorySnapshotter {
  public:
    Overlay(std::string directory, store::Database& database, bool user_xattr)
        : DirectorySnapshotter("overlayfs", std::move(directory), database),
          options_(common_options(user_xattr)) {}

    bool can_rebase() const override { return true; }

  protected:
    Result<> fill(const std::string& path, Kind kind, const Chain& parents) override;
    oci::Mount mount_of(const Row& row, const Chain& parents) const override;
    Chain trees_below(const Chain& parents) const override { return parents; }
    void describe(Trees& trees) const override {
        trees.whiteouts = layer::WhiteoutFormat::overlay;
        trees.source = layer::DiffSource::overlay_upper;
    }
    std::int64_t files_owner(const Row& row, const Chain& parents) const override {
        return row.info.kind == Kind::view && !parents.empty() ? parents.front() : row.id;
    }

  private:
    std::vector<std::string> options_;
};

Result<> Overlay::fill(const std::string& path, Kind kind, const Chain& parents) {
    std::string files = path + "/fs";
    TRY(posix::make_directory(files, 0755));
    if (kind == Kind::active) TRY(posix::make_directory(path + "/work", 0711));
    if (parents.empty()) return {};
    // The root that is seen is the upper one: it shall look as the layers' does.
    Fd below = TRY(posix::open_file(files_of(parents.front()), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    Fd above = TRY(posix::open_file(files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    auto status = TRY(posix::status_of(below.get()));
    TRY(posix::set_owner(above.get(), status.uid, status.gid));
    TRY(posix::set_permissions(above.get(), status.permissions));
    for (auto& attribute : TRY(posix::list_xattrs(below.get())))
        if (attribute.name.starts_with("system.posix_acl_"))
            TRY(posix::set_xattr(above.get(), attribute.name, attribute.value));
    return posix::set_modified(above.get(), status.modified);
}

oci::Mount Overlay::mount_of(const Row& row, const Chain& parents) const {
    bool is_view = row.info.kind == Kind::view;
    if (parents.empty() || (is_view && parents.size() == 1))
        return {.destination = "",
                .type = "bind",
                .source = files_of(files_owner(row, parents)),
                .options = {is_view ? "ro" : "rw", "rbind"}};
    oci::Mount mount{.destination = "", .type = "overlay", .source = "overlay", .options = options_};
    if (!is_view) {
        mount.options.push_back("workdir=" + work_of(row.id));
        mount.options.push_back("upperdir=" + files_of(row.id));
    }
    std::vector<std::string> lowers;
    for (std::int64_t id : parents)
        lowers.push_back(files_of(id));
    mount.options.push_back("lowerdir=" + join(lowers, ":"));
    if (is_view) mount.options.emplace_back("ro");
    return mount;
}

/// One overlay of two empty directories.
Result<> try_overlay(const std::string& directory, bool user_xattr) {
    for (auto* part : {"/lower", "/upper", "/work"})
        TRY(posix::make_directory(directory + part, 0700));
    std::vector<std::string> options = common_options(user_xattr);
    options.push_back("lowerdir=" + directory + "/lower");
    auto layers = TRY(posix::OverlayLayers::parse(options));
    layers.upper = directory + "/upper";
    layers.work = directory + "/work";
    Fd mount = TRY(posix::make_overlay_mount(layers, 0));
    // A file system without file types in its directories, or without the attributes for marks, mounts
    // with a warning and fails here or, worse, later.
    Fd root = TRY(posix::open_beneath(mount.get(), ".", O_RDONLY | O_DIRECTORY));
    TRY(posix::make_directory_at(root.get(), "d", 0700));
    TRY(posix::set_xattr_at(root.get(), "d", user_xattr ? "user.tare" : "trusted.tare", "y"));
    return posix::rename_at(root.get(), "d", root.get(), "e");
}

}  // namespace

OverlaySupport probe_overlay(const std::string& directory) {
    OverlaySupport support;
    std::string probe = directory + "/new-probe";
    for (bool user_xattr : {false, true}) {
        auto removed = posix::remove_tree(probe);
        auto outcome = removed ? posix::make_directory(probe, 0700) : removed;
        if (outcome) outcome = try_overlay(probe, user_xattr);
        (void)posix::remove_tree(probe);  // named so that cleanup() finds what stays
        if (outcome) return {.works = true, .reason = "", .user_xattr = user_xattr};
        if (support.reason.empty()) support.reason = outcome.error().message();
    }
    return support;
}

Result<std::unique_ptr<Snapshotter>> open_overlay(const std::string& directory, store::Database& database) {
    // Overlay's options are separated by these.
    if (directory.find_first_of(":,\\") != std::string::npos || !directory.starts_with('/'))
        return fail(ErrorKind::invalid_argument, "snapshots in ", quote(directory),
                    ": the path must be absolute, without ':', ',' and '\\'");
    TRY(posix::make_directories(directory, 0700));
    OverlaySupport support = probe_overlay(directory);
    if (!support.works)
        return fail(ErrorKind::failed_precondition, "overlay does not work in ", quote(directory), ": ",
                    support.reason);
    auto snapshotter = std::make_unique<Overlay>(directory, database, support.user_xattr);
    TRY(snapshotter->cleanup());
    return std::unique_ptr<Snapshotter>(std::move(snapshotter));
}

}  // namespace tare::snapshot
