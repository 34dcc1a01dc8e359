#pragma once

// The directory of a task below STATE/shim, shared with its shim.
//
//     config.json       the spec, written here
//     address           where the shim listens, written by the shim before it answers its start
//     exit-…            how a process ended, written by the shim before it tells anyone (run/task)
//     exec-EXEC         what the caller of exec wanted kept, written here

#include <optional>
#include <string>
#include <vector>

#include "engine/task/tasks.h"

namespace tare::task {

/// STATE/shim/NAMESPACE/ID; invalid_argument for names that cannot be one component of a path.
Result<std::string> bundle_of(const std::string& state_directory, const Key& key);
/// Makes the directory (0700) with config.json; already_exists if it is there.
Result<> make_bundle(const std::string& bundle, const oci::RuntimeSpec& spec);
/// Every task that has one.
Result<std::vector<Key>> list_bundles(const std::string& state_directory);

/// "unix:///…"; not_found before the shim wrote it.
Result<std::string> read_address(const std::string& bundle);

/// The exit that the shim wrote down; nothing if it did not (yet).
Result<std::optional<Exit>> read_exit(const std::string& bundle, const Key& key, const std::string& exec_id);

Result<> write_exec_record(const std::string& bundle, const std::string& exec_id, const std::string& record);
/// Removes the record and the exit of an exec.
Result<> remove_exec_files(const std::string& bundle, const std::string& exec_id);
/// Exec ids and their records.
Result<std::vector<std::pair<std::string, std::string>>> read_exec_records(const std::string& bundle);

}  // namespace tare::task
