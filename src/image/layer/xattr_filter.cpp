#include "image/layer/xattr_filter.h"

namespace tare::layer {

bool is_layer_xattr(std::string_view name) {
    if (name == "security.capability") return true;
    if (name == "system.posix_acl_access" || name == "system.posix_acl_default") return true;
    return name.starts_with("user.") && name.size() > 5 && !name.starts_with("user.overlay.");
}

}  // namespace tare::layer
