#include "image/layer/diff.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>

#include "image/layer/directory_walk.h"
#include "image/layer/tree_packer.h"
#include "image/layer/whiteout.h"
#include "image/layer/xattr_filter.h"
#include "posix/file.h"
#include "posix/tree.h"
#include "posix/xattr.h"

namespace tare::layer {

namespace {

using posix::FileStatus;
using posix::FileType;

/// A change with what a layer needs to know about it; the path is relative to the root.
struct Event {
    ChangeKind kind;
    std::string path;
    bool opaque = false;  ///< a directory that hides all that lay below it
};

/// Whether two entries of one name are the same as far as a walk can tell: everything but content,
/// which a change of is seen by size and time.
Result<bool> is_same(int above, const FileStatus& now, int below, const FileStatus& then,
                     const std::string& name) {
    if (now.type != then.type || now.permissions != then.permissions || now.uid != then.uid ||
        now.gid != then.gid || now.modified != then.modified || now.device_major != then.device_major ||
        now.device_minor != then.device_minor)
        return false;
    if (!now.is(FileType::directory) && now.size_bytes != then.size_bytes) return false;
    if (now.is(FileType::symlink)) return TRY(posix::read_link_at(above, name))
    == TRY(posix::read_link_at(below, name));
    auto layer_only = [](std::vector<posix::Xattr> xattrs) {
        std::erase_if(xattrs, [](auto& xattr) { return !is_layer_xattr(xattr.name); });
        std::ranges::sort(xattrs, {}, &posix::Xattr::name);
        return xattrs;
    };
    return layer_only(TRY(posix::list_xattrs_at(above, name))) ==
           layer_only(TRY(posix::list_xattrs_at(below, name)));
}

Result<posix::Fd> open_directory(int parent, const std::string& name) {
    return posix::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

bool is_opaque_mark(const std::optional<std::string>& value) {
    return value == "y" || value == "x";
}

/// The walk of both states; fills `events` with parents before children.
class Comparison {
  public:
    explicit Comparison(const DiffRequest& request) : request_(request) {}

    Result<std::vector<Event>> run() {
        std::vector<posix::Fd> below;
        for (int root : request_.below)
            below.push_back(TRY(posix::open_at(root, ".", O_RDONLY | O_DIRECTORY)));
        if (is_overlay()) {
            TRY(walk_upper(request_.above, "", below));
        } else {
            TRY(walk_tree(request_.above, "", below.empty() ? -1 : below.front().get()));
        }
        return std::move(events_);
    }

  private:
    /// The entry of that name as the layers below show it, and which of them has it.
    struct Covered {
        FileStatus status;
        int directory = -1;
    };

    bool is_overlay() const { return request_.source == DiffSource::overlay_upper; }
    bool is_skipped(const std::string& path) const { return request_.skip && request_.skip("/" + path); }
    static std::string child_of(const std::string& path, const std::string& name) {
        return path.empty() ? name : cat(path, "/", name);
    }

    Result<> walk_upper(int upper, const std::string& path, const std::vector<posix::Fd>& below);
    Result<> upper_entry(int upper, const std::string& name, const std::string& path,
                         const std::vector<posix::Fd>& below);
    Result<> upper_directory(int upper, const std::string& name, const std::string& path,
                             const std::optional<Covered>& covered, const std::vector<posix::Fd>& below,
                             const FileStatus& status);
    Result<std::optional<Covered>> find_below(const std::vector<posix::Fd>& below,
                                              const std::string& name) const;
    Result<std::vector<posix::Fd>> descend(const std::vector<posix::Fd>& below,
                                           const std::string& name) const;
    Result<> report_hidden(int upper, const std::string& path, const std::vector<posix::Fd>& below);

    Result<> walk_tree(int above, const std::string& path, int below);
    Result<> tree_entry(int above, int below, const std::string& name, const std::string& path);
    Result<> add_all(int parent, const std::string& name, const std::string& path, ChangeKind kind);

    const DiffRequest& request_;
    std::vector<Event> events_;
};

// --- overlay ---

/// A whiteout or an opaque directory in a nearer layer ends the search.
Result<std::optional<Comparison::Covered>> Comparison::find_below(const std::vector<posix::Fd>& below,
                                                                  const std::string& name) const {
    for (auto& layer : below) {
        auto status = TRY(posix::status_at(layer.get(), name));
        if (!status) continue;
        if (status->is_overlay_whiteout()) break;
        return std::optional(Covered{*status, layer.get()});
    }
    return std::optional<Covered>();
}

/// The directories of that name that show through each other, the nearest first.
Result<std::vector<posix::Fd>> Comparison::descend(const std::vector<posix::Fd>& below,
                                                   const std::string& name) const {
    std::vector<posix::Fd> deeper;
    for (auto& layer : below) {
        auto status = TRY(posix::status_at(layer.get(), name));
        if (!status) continue;
        if (!status->is(FileType::directory)) break;
        deeper.push_back(TRY(open_directory(layer.get(), name)));
        if (is_opaque_mark(TRY(posix::get_xattr(deeper.back().get(), kOverlayOpaque)))) break;
    }
    return deeper;
}

Result<> Comparison::walk_upper(int upper, const std::string& path, const std::vector<posix::Fd>& below) {
    for (auto& name : TRY(posix::sorted_entries(upper))) {
        std::string child = child_of(path, name);
        if (!is_skipped(child)) TRY_CONTEXT(upper_entry(upper, name, child, below), quote("/" + child));
    }
    return {};
}

Result<> Comparison::upper_entry(int upper, const std::string& name, const std::string& path,
                                 const std::vector<posix::Fd>& below) {
    auto status = TRY(posix::status_at(upper, name));
    if (!status) return {};
    auto covered = TRY(find_below(below, name));
    if (status->is_overlay_whiteout()) {
        if (covered) events_.push_back({ChangeKind::deleted, path});
        return {};
    }
    if (status->is(FileType::directory)) return upper_directory(upper, name, path, covered, below, *status);
    events_.push_back({covered ? ChangeKind::modified : ChangeKind::added, path});
    return {};
}

Result<> Comparison::upper_directory(int upper, const std::string& name, const std::string& path,
                                     const std::optional<Covered>& covered,
                                     const std::vector<posix::Fd>& below, const FileStatus& status) {
    posix::Fd directory = TRY(open_directory(upper, name));
    bool had_directory = covered && covered->status.is(FileType::directory);
    bool opaque = had_directory && is_opaque_mark(TRY(posix::get_xattr(directory.get(), kOverlayOpaque)));
    auto deeper = had_directory ? TRY(descend(below, name)) : std::vector<posix::Fd>();
    std::size_t position = events_.size();
    events_.push_back({covered ? ChangeKind::modified : ChangeKind::added, path, opaque});
    if (opaque) {
        TRY(report_hidden(directory.get(), path, deeper));
        deeper.clear();
    }
    TRY(walk_upper(directory.get(), path, deeper));
    // Overlay copies the parents of what changes; they are no change where nothing below them is.
    bool untouched = had_directory && !opaque && events_.size() == position + 1 &&
                     TRY(is_same(upper, status, covered->directory, covered->status, name));
    if (untouched) events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(position));
    return {};
}

/// What an opaque directory hides and does not have itself.
Result<> Comparison::report_hidden(int upper, const std::string& path, const std::vector<posix::Fd>& below) {
    std::vector<std::string> names;
    for (auto& layer : below)
        for (auto& name : TRY(posix::sorted_entries(layer.get())))
            names.push_back(std::move(name));
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (auto& name : names) {
        if (TRY(posix::status_at(upper, name)) || !TRY(find_below(below, name))) continue;
        if (!is_skipped(child_of(path, name))) events_.push_back({ChangeKind::deleted, child_of(path, name)});
    }
    return {};
}

// --- full trees ---

/// All of a subtree, as of the kind.
Result<> Comparison::add_all(int parent, const std::string& name, const std::string& path, ChangeKind kind) {
    auto status = TRY(posix::status_at(parent, name));
    if (!status || is_skipped(path)) return {};
    events_.push_back({kind, path});
    if (!status->is(FileType::directory)) return {};
    posix::Fd directory = TRY(open_directory(parent, name));
    for (auto& child : TRY(posix::sorted_entries(directory.get())))
        TRY(add_all(directory.get(), child, cat(path, "/", child), ChangeKind::added));
    return {};
}

Result<> Comparison::walk_tree(int above, const std::string& path, int below) {
    auto names = TRY(posix::sorted_entries(above));
    if (below >= 0)
        for (auto& name : TRY(posix::sorted_entries(below)))
            names.push_back(std::move(name));
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (auto& name : names) {
        std::string child = child_of(path, name);
        if (!is_skipped(child)) TRY_CONTEXT(tree_entry(above, below, name, child), quote("/" + child));
    }
    return {};
}

Result<> Comparison::tree_entry(int above, int below, const std::string& name, const std::string& path) {
    auto now = TRY(posix::status_at(above, name));
    auto then = below >= 0 ? TRY(posix::status_at(below, name)) : std::optional<FileStatus>();
    if (!now && !then) return {};
    if (!now) {
        events_.push_back({ChangeKind::deleted, path});
        return {};
    }
    if (!then) return add_all(above, name, path, ChangeKind::added);
    bool both = now->is(FileType::directory) && then->is(FileType::directory);
    if (!both) {
        if (TRY(is_same(above, *now, below, *then, name))) return {};
        return add_all(above, name, path, ChangeKind::modified);
    }
    std::size_t position = events_.size();
    events_.push_back({ChangeKind::modified, path});
    posix::Fd directory_now = TRY(open_directory(above, name));
    posix::Fd directory_then = TRY(open_directory(below, name));
    TRY(walk_tree(directory_now.get(), path, directory_then.get()));
    if (events_.size() == position + 1 && TRY(is_same(above, *now, below, *then, name))) events_.pop_back();
    return {};
}

// --- as a layer ---

Result<> write_event(const Event& event, DirectoryWalk& walk, TarWriter& writer, TreePacker& packer) {
    auto [parent_path, base] = split_parent(event.path);
    if (event.kind == ChangeKind::deleted) {
        TarEntry whiteout{.path = cat(parent_path, parent_path.empty() ? "" : "/", kWhiteoutPrefix, base),
                          .permissions = 0};
        return writer.add(whiteout);
    }
    int parent = TRY(walk.open(parent_path));
    auto status = TRY(posix::status_at(parent, std::string(base)));
    if (!status) return {};
    TRY(packer.add(parent, std::string(base), *status, event.path));
    if (!event.opaque) return {};
    return writer.add({.path = cat(event.path, "/", kOpaqueWhiteout), .permissions = 0});
}

}  // namespace

Result<std::vector<Change>> list_changes(const DiffRequest& request) {
    auto events = TRY_CONTEXT(Comparison(request).run(), "compare trees");
    std::vector<Change> changes;
    changes.reserve(events.size());
    for (auto& event : events)
        changes.push_back({event.kind, "/" + event.path});
    return changes;
}

Result<> write_changes(const DiffRequest& request, ByteSink& tar) {
    auto events = TRY_CONTEXT(Comparison(request).run(), "compare trees");
    TarWriter writer(tar);
    TreePacker packer(writer);
    DirectoryWalk walk(request.above);
    std::string opaque;
    for (auto& event : events) {
        // An opaque mark has said already that these are gone.
        bool covered =
            event.kind == ChangeKind::deleted && !opaque.empty() && event.path.starts_with(opaque + "/");
        if (event.opaque) opaque = event.path;
        if (!covered) TRY_CONTEXT(write_event(event, walk, writer, packer), cat("pack ", quote(event.path)));
    }
    return writer.finish();
}

}  // namespace tare::layer
