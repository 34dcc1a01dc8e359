#pragma once

// How work in progress keeps what it makes from the garbage collector: by rows of a lease, written in
// the very transaction that makes the resource. The collector marks and sweeps in one writing
// transaction, so there is no moment at which it sees the one without the other. Leases as users
// manage them are engine/lease; this is what the rooms below need.
//
//     auto hold = TRY(store::Hold::begin(database, "default"));           // a pull begins
//     content.begin("default", ref, {.lease = hold.id()});                 // content joins by itself
//     TRY(hold.add(ResourceKind::snapshot, cat("overlayfs/", chain_id)));  // before it is made: never unheld
//     // image row written: reachable from now on; ~Hold drops the lease

#include <chrono>
#include <string>
#include <string_view>

#include "store/database.h"

namespace tare::store {

/// What a lease (or the collector) can name.
enum class ResourceKind {
    content,   ///< id: digest
    snapshot,  ///< id: "snapshotter/key"
    ingest,    ///< id: ref
    image,     ///< id: name
};
/// "content", "snapshots/overlay", … are containerd's spellings; this is the column's.
std::string_view to_string(ResourceKind kind);

/// Puts a resource under a lease; with an empty lease id it does nothing. not_found if there is no such
/// lease (it expired, or someone removed it).
Result<> hold(Transaction& transaction, std::string_view name_space, std::string_view lease,
              ResourceKind kind, std::string_view id);

/// A lease for one piece of work, removed when destroyed. One that a crash has left ends by its expiry, or
/// sooner by expire_left_holds().
class Hold {
  public:
    static Result<Hold> begin(Database& database, std::string_view name_space,
                              std::chrono::seconds lifetime = std::chrono::hours(24));
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&&) = delete;
    ~Hold();

    /// Holds a resource, which may be made later.
    Result<> add(ResourceKind kind, std::string_view id);

    const std::string& id() const { return id_; }
    const std::string& name_space() const { return namespace_; }

  private:
    Hold(Database& database, std::string name_space, std::string id)
        : database_(&database), namespace_(std::move(name_space)), id_(std::move(id)) {}
    Database* database_;
    std::string namespace_;
    std::string id_;
};

/// For the start of the daemon: the holds that are there belong to work that died with the last one. They
/// end in `grace` at the latest, so that a pull that is asked for again soon finds what it had. Returns
/// how many that concerns.
Result<std::int64_t> expire_left_holds(Database& database,
                                       std::chrono::seconds grace = std::chrono::hours(1));

}  // namespace tare::store
