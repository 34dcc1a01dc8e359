#pragma once

// Snapshots as layers of the kernel's overlay: a snapshot holds what it changed, and nothing is copied.

#include <memory>
#include <string>

#include "image/snapshot/snapshotter.h"

namespace tare::store {
class Database;
}

namespace tare::snapshot {

/// Whether overlay works on a directory, by mounting one (detached, seen by nobody).
struct OverlaySupport {
    bool works = false;
    std::string reason;       ///< why it does not
    bool user_xattr = false;  ///< marks must be user.overlay.* (inside a user namespace)
};
OverlaySupport probe_overlay(const std::string& directory);

/// Opens the snapshots below `directory` (created 0700 if missing): `<number>/fs` holds a snapshot's
/// files, `<number>/work` is the kernel's. Borrows the database. invalid_argument if the path holds a
/// character that separates overlay's options, failed_precondition if overlay does not work here.
Result<std::unique_ptr<Snapshotter>> open_overlay(const std::string& directory, store::Database& database);

}  // namespace tare::snapshot
