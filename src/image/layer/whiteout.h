#pragma once

// The names of whiteouts in layers (OCI image-spec, layer.md, "Whiteouts") and overlay's marks.

#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::layer {

inline constexpr std::string_view kWhiteoutPrefix = ".wh.";
inline constexpr std::string_view kOpaqueWhiteout = ".wh..wh..opq";
/// On an upper directory: nothing of the same directory below shows through.
inline constexpr const char* kOverlayOpaque = "trusted.overlay.opaque";

inline bool is_whiteout(std::string_view name) {
    return name.starts_with(kWhiteoutPrefix);
}
/// ".wh..wh.…": names that aufs used for itself; only the opaque one has a meaning in layers.
inline bool is_reserved_whiteout(std::string_view name) {
    return name.starts_with(".wh..wh.");
}
/// "x" of ".wh.x"; invalid_argument if that is no name of an entry.
inline Result<std::string> whited_out_name(std::string_view whiteout) {
    std::string_view name = whiteout.substr(kWhiteoutPrefix.size());
    if (name.empty() || name == "." || name == "..")
        return fail(ErrorKind::invalid_argument, "whiteout ", quote(whiteout), " names no entry");
    return std::string(name);
}

}  // namespace tare::layer
