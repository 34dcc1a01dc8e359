#pragma once

// The contract of a snapshotter: file trees that grow out of one another. The layers of images are
// snapshots, and so is the writable layer of each container.
//
// Vocabulary (containerd's, whose API this is):
//   active     a writable snapshot; its `key` was chosen by whoever prepared it
//   view       a read-only look at a committed one; also has a key
//   committed  immutable, known by its `name`; only a committed snapshot can be a parent
//   parent     the committed snapshot below, or "" for an empty tree
// Keys and names share one space for each snapshotter, so that each is taken once. Committed layers
// are named by their chain id and shared by all namespaces; whoever prepares an active snapshot puts
// the namespace into the key ("default/4f0c…").
//
// Life cycle:
//
//     prepare(key, parent) ──▶ active ── commit(name, key) ──▶ committed ── remove(name)
//                                │ remove(key)                    │ parent of others: not removable
//     view(key, parent) ─────▶ view ──── remove(key)              ▼
//
// A layer is unpacked, committed, and a container made on it:
//
//     TRY(snapshots.prepare("extract-1", parent_chain_id));
//     snapshot::Trees trees = TRY(snapshots.open_trees("extract-1"));
//     TRY(layer::apply_layer(tar, trees.upper.get(), {.whiteouts = trees.whiteouts,
//                                                    .lower_roots = trees.lower_roots()}));
//     TRY(snapshots.commit(chain_id, "extract-1"));
//     auto mounts = TRY(snapshots.prepare("default/4f0c…", chain_id));   // goes to the shim
//     …
//     TRY(snapshots.remove("default/4f0c…"));
//
// Layers in parallel, on a snapshotter that can_rebase(): prepare each without a parent, unpack, finish
// with layer::adopt_directories, sync() once, then commit them from the bottom up with
// {.parent = …, .durability = Durability::synced}.
//
// On disk: a snapshot is a directory named by a number and a row that knows the number. The directory is
// made before the row and removed after it, so a row never lacks its directory; what SIGKILL leaves
// behind is a directory without a row, which cleanup() removes.
//
// Threads: every member may be called from any thread.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "image/layer/apply.h"
#include "image/layer/diff.h"
#include "oci/runtime_spec.h"
#include "posix/fd.h"
#include "store/labels.h"

namespace tare::snapshot {

enum class Kind { active, view, committed };
/// "active", "view", "committed".
std::string_view to_string(Kind kind);

using store::Labels;

struct Info {
    std::string name;  ///< or key
    Kind kind = Kind::active;
    std::string parent;
    Labels labels;
    Time created;
    Time updated;
};

/// What a snapshot takes by itself, without its parents.
struct Usage {
    std::uint64_t size_bytes = 0;  ///< allocated on disk
    std::uint64_t inodes = 0;

    bool operator==(const Usage&) const = default;
};

/// Whether the files of a snapshot are on disk when commit() returns. `synced` is the caller's word that
/// sync() was called after the last write.
enum class Durability { sync_now, synced };

struct CommitOptions {
    Labels labels;
    /// For a snapshot that was prepared without a parent: the one it gets (can_rebase() only).
    std::string parent;
    Durability durability = Durability::sync_now;
};

/// Whether update() replaces all labels, or changes those that it names (an empty value removes one).
enum class LabelUpdate { replace, merge };

/// A snapshot's own directory and those below it, for unpacking into it and for comparing.
struct Trees {
    posix::Fd upper;
    std::vector<posix::Fd> lowers;  ///< nearest first; for full copies the one parent
    layer::WhiteoutFormat whiteouts = layer::WhiteoutFormat::overlay;
    layer::DiffSource source = layer::DiffSource::overlay_upper;

    /// The descriptors of `lowers`, for ApplyOptions and DiffRequest; borrowed.
    std::vector<int> lower_roots() const;
};

class Snapshotter {
  public:
    virtual ~Snapshotter() = default;

    /// "overlayfs" or "native", as containerd's clients name them.
    virtual std::string_view name() const = 0;

    /// Makes an active snapshot and answers how to mount it. already_exists if the key is taken,
    /// not_found if the parent is not there, failed_precondition if it is not committed,
    /// invalid_argument for an empty or overlong key.
    virtual Result<std::vector<oci::Mount>> prepare(const std::string& key, const std::string& parent,
                                                    const Labels& labels = {}) = 0;
    /// The same, read-only.
    virtual Result<std::vector<oci::Mount>> view(const std::string& key, const std::string& parent,
                                                 const Labels& labels = {}) = 0;
    /// How to mount an active snapshot or a view; the same answer each time. One overlay or bind mount
    /// whose options are the kernel's; "lowerdir=" may list more than mount(2) can take in one page
    /// (posix/overlay.h can). failed_precondition for a committed one.
    virtual Result<std::vector<oci::Mount>> mounts(const std::string& key) = 0;

    /// Makes the active snapshot `key` a committed one called `name`; the key is free again. Labels are
    /// those of `options` alone. already_exists if the name is taken (and the key stays as it is),
    /// failed_precondition if `key` is not active.
    virtual Result<> commit(const std::string& name, const std::string& key,
                            const CommitOptions& options = {}) = 0;
    /// Removes row and directory. failed_precondition if it is the parent of another, not_found if it is
    /// not there.
    virtual Result<> remove(const std::string& key) = 0;

    virtual Result<Info> stat(const std::string& key) = 0;
    virtual Result<Info> update(const std::string& key, const Labels& labels,
                                LabelUpdate how = LabelUpdate::replace) = 0;
    /// Calls back for each snapshot, of one moment; a failure of the callback ends the walk. The callback
    /// may call other members.
    virtual Result<> walk(const std::function<Result<>(const Info&)>& callback) = 0;
    /// Of an active snapshot as it is now, of a committed one as it was then.
    virtual Result<Usage> usage(const std::string& key) = 0;

    /// True if commit() can give a parent to a snapshot that was prepared without one.
    virtual bool can_rebase() const = 0;
    /// Opens the directories of an active snapshot or view (of a view, `upper` is the nearest layer and
    /// must not be written). Valid until remove(); stays open over commit(), which is no leave to write.
    virtual Result<Trees> open_trees(const std::string& key) = 0;
    /// `upper` alone.
    virtual Result<posix::Fd> open_upper(const std::string& key) = 0;
    /// The whole tree as a mount that is attached nowhere, visible through this descriptor alone and gone
    /// with it: how cp and export look into a stopped container. Views are read-only. An active snapshot
    /// must not be mounted twice at a time: not while its container runs.
    virtual Result<posix::Fd> make_detached_mount(const std::string& key) = 0;

    /// Waits until everything written into snapshots is on disk.
    virtual Result<> sync() = 0;
    /// Removes directories that no row knows. To be called at start and by garbage collection; harmless
    /// beside every other member.
    virtual Result<> cleanup() = 0;
};

}  // namespace tare::snapshot
