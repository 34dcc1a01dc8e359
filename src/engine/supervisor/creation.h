#pragma once

// What a container takes up on disk before it has a row, and takes back unless it gets one.

#include "engine/container/container.h"
#include "engine/supervisor/parts.h"
#include "image/transfer/images.h"
#include "posix/fd.h"
#include "store/hold.h"

namespace tare::supervisor {

/// Makes the pieces in this order, and unmakes them when destroyed before keep(). After a SIGKILL the
/// snapshot goes with its lease, the rest is found by recover.
class Creation {
  public:
    Creation(const Parts& parts, container::Container& container) : parts_(parts), container_(container) {}
    ~Creation();
    Creation(const Creation&) = delete;
    Creation& operator=(const Creation&) = delete;

    /// ROOT/containers/ID.
    Result<> make_directory();
    /// The writable layer, unpacking the image first if need be.
    Result<> make_snapshot(const transfer::ResolvedImage& image);
    /// Named and anonymous volumes with their references, filled from the image where they are new.
    Result<> make_volumes();
    void keep() { is_kept_ = true; }

  private:
    Result<> make_volume(container::MountPoint& mount);
    Result<> copy_up(const container::MountPoint& mount);
    std::string full_name() const { return container_.space + "/" + container_.id; }

    const Parts& parts_;
    container::Container& container_;
    std::optional<store::Hold> hold_;
    posix::Fd root_;  ///< of the snapshot, while volumes are filled from it
    bool has_directory_ = false;
    bool has_snapshot_ = false;
    bool has_volumes_ = false;
    bool is_kept_ = false;
};

}  // namespace tare::supervisor
