#pragma once

// Absolute http and https addresses, read by one parser (libcurl's), so that what is checked is what
// is connected to (security rule R19).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::http {

/// Who answers an address: the unit in which secrets are trusted.
struct Origin {
    bool is_tls = true;
    std::string host;  ///< lower case; an IPv6 address in brackets
    std::uint16_t port = 443;

    bool operator==(const Origin&) const = default;
    /// "https://host:port", the port left out where it is the scheme's own.
    std::string text() const;
};

/// A checked absolute URL without user information and fragment.
class Url {
  public:
    Url() = default;
    /// invalid_argument for another scheme, user information, no host, or more than 8 KiB.
    static Result<Url> parse(std::string_view text);

    const Origin& origin() const { return origin_; }
    /// "/v2/", never empty.
    const std::string& path() const { return path_; }
    /// Without the "?"; empty if there is none.
    const std::string& query() const { return query_; }
    std::string text() const;
    /// For messages and logs: without the query, which may hold a signature (R20).
    std::string display() const { return origin_.text() + path_; }

    /// What `reference` (a Location header: absolute, "//host/x", "/x" or "x") means from here.
    Result<Url> resolve(std::string_view reference) const;
    /// This address with "name=value" added to the query, percent-encoded.
    Url with_query(std::string_view name, std::string_view value) const;
    /// This address with `suffix` appended to the path; the caller has validated it.
    Url with_path_suffix(std::string_view suffix) const;

  private:
    Origin origin_;
    std::string path_ = "/";
    std::string query_;
};

/// Everything but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view text);

/// Whether the host is a name or address of this machine itself ("localhost", 127.0.0.0/8, ::1).
bool is_loopback_host(std::string_view host);

}  // namespace tare::http
