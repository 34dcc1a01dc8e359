#pragma once

// Commands that do the same to several names: `stop a b c`.

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/docker/settings.h"

namespace tare::cli::docker {

/// Whether the requests run beside each other.
enum class Order { one_by_one, parallel };

/// Calls `act` for each name (from several threads if parallel), prints the names that succeeded in
/// the order given, then all failures. The exit status: 1 if any failed.
Result<int> for_each_name(const std::vector<std::string>& names, Order order,
                          const std::function<Result<>(const std::string&)>& act);

// Reading answers: "" or 0 for what is not there or has another type.
std::string text_at(const Json& object, std::string_view key);
std::int64_t integer_at(const Json& object, std::string_view key);
bool boolean_at(const Json& object, std::string_view key);
/// The member, or null.
const Json& member_at(const Json& object, std::string_view key);
/// The elements of an array member; none if it is not there.
const Json::Array& array_at(const Json& object, std::string_view key);
/// The members of an object member; none if it is not there.
const Json::Object& object_at(const Json& object, std::string_view key);

}  // namespace tare::cli::docker
