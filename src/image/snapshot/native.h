#pragma once

// Snapshots as full copies, for file systems that overlay does not work on: correct everywhere, slow
// and large.

#include <memory>
#include <string>

#include "image/snapshot/snapshotter.h"

namespace tare::store {
class Database;
}

namespace tare::snapshot {

/// Opens the snapshots below `directory` (created 0700 if missing), one whole tree in each `<number>/fs`.
/// Borrows the database. A prepare copies the parent: owners, modes, times, attributes, hard links,
/// devices, holes (and shares the blocks where the file system can).
Result<std::unique_ptr<Snapshotter>> open_native(const std::string& directory, store::Database& database);

/// Overlay if it works on `directory`'s file system, else native with a line in the log that says why.
/// Their directories are `directory`/overlay and `directory`/native.
Result<std::unique_ptr<Snapshotter>> open_best(const std::string& directory, store::Database& database);

}  // namespace tare::snapshot
