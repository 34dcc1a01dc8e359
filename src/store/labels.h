#pragma once

// Labels: the key-value pairs that users and the collector put on images, content, snapshots, leases
// and containers; one JSON object in their column.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::store {

using Labels = std::map<std::string, std::string>;

/// invalid_argument if a key is empty, or a key and its value are longer than 4096 bytes together
/// (containerd's limit).
Result<> check_labels(const Labels& labels);
/// The text of a labels column.
std::string to_text(const Labels& labels);
/// data_loss if it is no object of strings.
Result<Labels> labels_of_text(std::string_view text);

/// A change of labels: what has a value is set, what has none is removed.
using LabelChanges = std::map<std::string, std::optional<std::string>>;
void apply(const LabelChanges& changes, Labels& labels);

/// invalid_argument unless it is a name of a containerd namespace: letters and digits, with single `.`,
/// `_` or `-` between them, at most 76 characters.
Result<> check_namespace(std::string_view name);

}  // namespace tare::store
