#pragma once

// The names of images: which reference stands for which manifest or index, per containerd namespace.
// A row is a root of garbage collection: what its target refers to is kept.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "oci/descriptor.h"

namespace tare::store {
class Database;
}

namespace tare::transfer {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// One name. Times are nanoseconds since 1970.
struct Image {
    std::string name;        ///< oci::Reference::text(), "docker.io/library/redis:alpine"
    oci::Descriptor target;  ///< index or manifest; its content is in the content store
    Labels labels;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
};

/// The images table. Thread-safe; borrows the database. Every change is one transaction.
class ImageStore {
  public:
    explicit ImageStore(store::Database& database) : database_(database) {}

    /// not_found if the namespace has no such name.
    Result<Image> get(std::string_view ns, std::string_view name) const;
    /// All names, ordered.
    Result<std::vector<Image>> list(std::string_view ns) const;
    /// The names of one target.
    Result<std::vector<Image>> list_by_target(std::string_view ns, const Digest& target) const;
    /// already_exists if the name is taken. The times are set here.
    Result<Image> create(std::string_view ns, const Image& image);
    /// Creates the name or moves it to another target (created_at stays); labels are replaced.
    Result<Image> put(std::string_view ns, const Image& image);
    /// Forgets the name; content and snapshots go with the next garbage collection. not_found.
    Result<> remove(std::string_view ns, std::string_view name);

  private:
    store::Database& database_;
};

}  // namespace tare::transfer
