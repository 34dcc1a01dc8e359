#include "api/docker/version.h"

#include "base/text.h"

namespace tare::docker {

std::optional<ApiVersion> ApiVersion::parse(std::string_view text) {
    auto [major, minor] = cut(text, '.');
    auto major_number = parse_integer<unsigned short>(major);
    auto minor_number = parse_integer<unsigned short>(minor.value_or(""));
    if (!major_number || !minor_number) return std::nullopt;
    return ApiVersion{*major_number, *minor_number};
}

std::string ApiVersion::text() const {
    return cat(major, '.', minor);
}

}  // namespace tare::docker
