#pragma once

// From whatever the file is to the schema of this program. Private to this folder.

#include "store/connection.h"
#include "store/schema.h"

namespace tare::store {

/// Marks a file as tare's (PRAGMA application_id): "tare".
inline constexpr int kApplicationId = 0x74617265;

/// Checks that the file is whole, tare's and not newer, then creates the tables or runs the steps that
/// it lacks. Errors as Database::open.
Result<> migrate(Connection& connection, const Schema& schema);

}  // namespace tare::store
