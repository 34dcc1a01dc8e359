#pragma once

// The names of images: which reference stands for which manifest or index, per containerd namespace.
// A row is a root of garbage collection: what its target refers to is kept.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "oci/descriptor.h"
#include "store/labels.h"

namespace tare::store {
class Database;
}

namespace tare::transfer {

/// One name.
struct Image {
    std::string name;        ///< oci::Reference::text(), "docker.io/library/redis:alpine"
    oci::Descriptor target;  ///< index or manifest; its content is in the content store
    store::Labels labels;
    Time created;
    Time updated;
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
    /// Creates the name or moves it to another target (created stays); labels are replaced.
    Result<Image> put(std::string_view ns, const Image& image);
    /// Forgets the name; content and snapshots go with the next garbage collection. not_found.
    Result<> remove(std::string_view ns, std::string_view name);

  private:
    store::Database& database_;
};

}  // namespace tare::transfer
