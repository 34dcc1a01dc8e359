#pragma once

#include <string_view>

namespace tare::layer {

/// True for the extended attributes that a layer may carry: file capabilities, user.* and POSIX
/// ACLs. Overlay's own, security labels and integrity marks belong to the host (security IM10).
bool is_layer_xattr(std::string_view name);

}  // namespace tare::layer
