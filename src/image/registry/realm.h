#pragma once

// Whom a registry may send us to with our password (security IM2): the realm of a Bearer challenge is
// the registry's word, and a registry is anybody.

#include <span>
#include <string>
#include <string_view>

#include "wire/http/url.h"

namespace tare::registry {

/// What follows from a realm: `trusted` may see credentials, `anonymous` may be asked without, and
/// `refused` is not asked at all (plain http for a registry under https).
enum class RealmTrust { trusted, anonymous, refused };

/// Same origin or host, same registrable domain, or named in `trusted_hosts`. A realm under plain http
/// only if the registry is plain itself.
RealmTrust judge_realm(const http::Origin& registry, const http::Origin& realm,
                       std::span<const std::string> trusted_hosts);

/// "example.co.uk" of "a.example.co.uk": the part that one owner has registered, by a short list of
/// shared suffixes. The whole host for addresses, and where in doubt more of it rather than less.
std::string_view registrable_domain(std::string_view host);

}  // namespace tare::registry
