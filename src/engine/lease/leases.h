#pragma once

// Leases. Errors by kind: not_found, already_exists, invalid_argument (an id, a label).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/database.h"
#include "store/hold.h"
#include "store/labels.h"

namespace tare::lease {

inline constexpr std::string_view kExpireLabel = "containerd.io/gc.expire";
inline constexpr std::string_view kFlatLabel = "containerd.io/gc.flat";

struct Lease {
    std::string id;
    store::Labels labels;
    Time created;
    std::optional<Time> expires;  ///< what kExpireLabel says

    bool has_expired(Time at) const { return expires && *expires <= at; }
};

struct Resource {
    store::ResourceKind kind = store::ResourceKind::content;
    std::string id;  ///< as store/hold.h says

    bool operator==(const Resource&) const = default;
};

/// containerd's name of a type of resource ("content", "snapshots/overlayfs", "ingests", "images") with
/// the id, as a Resource; invalid_argument for others.
Result<Resource> parse_resource(std::string_view type, std::string_view id);
/// The reverse: type and id.
std::pair<std::string, std::string> describe(const Resource& resource);

/// All methods may be called from any thread. The database must outlive it.
class Leases {
  public:
    explicit Leases(store::Database& database) : database_(database) {}

    /// An empty id gets a random one. A kExpireLabel that is no time is invalid_argument.
    Result<Lease> create(std::string_view name_space, std::string_view id, const store::Labels& labels = {});
    Result<Lease> get(std::string_view name_space, std::string_view id);
    /// In order of ids, expired ones included until the collector comes.
    Result<std::vector<Lease>> list(std::string_view name_space);
    /// Drops the lease; its resources stay until the collector comes.
    Result<> remove(std::string_view name_space, std::string_view id);

    /// Adding one that is there and deleting one that is not are success, as in containerd.
    Result<> add_resource(std::string_view name_space, std::string_view id, const Resource& resource);
    Result<> delete_resource(std::string_view name_space, std::string_view id, const Resource& resource);
    Result<std::vector<Resource>> list_resources(std::string_view name_space, std::string_view id);

  private:
    store::Database& database_;
};

}  // namespace tare::lease
