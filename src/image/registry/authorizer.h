#pragma once

// Answers to "who are you": bearer tokens (distribution-spec, token authentication; OAuth2 for identity
// tokens) and basic authentication. Tokens are kept in memory until they expire.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/challenge.h"
#include "image/registry/credentials.h"
#include "wire/http/client.h"

namespace tare::registry {

/// Who asks whom for what. Borrows all of it.
struct AuthContext {
    const http::Origin& origin;      ///< the registry that asks
    const Credentials& credentials;  ///< meant for it
    std::string_view scope;          ///< "repository:library/redis:pull"; "" for a login
    bool wants_refresh_token = false;
};

/// Thread-safe.
class Authorizer {
  public:
    /// `tls_of` tells how to reach a token server; `trusted_realms` are hosts that may see the
    /// credentials of registries elsewhere.
    using TlsLookup = http::TlsOptions (*)(const void* context, const http::Origin& origin);
    Authorizer(http::Client& client, std::vector<std::string> trusted_realms, TlsLookup tls_of,
               const void* tls_context)
        : client_(client),
          trusted_realms_(std::move(trusted_realms)),
          tls_of_(tls_of),
          tls_context_(tls_context) {}

    /// The Authorization header that worked last for this context; "" if none is known.
    std::string known(const AuthContext& context);
    /// The header that answers a 401. `peer_is_local`: whether the registry is on this machine, since a
    /// registry elsewhere may not point to a token server here (IM5). Failures: unauthenticated (no
    /// credentials, refused by the token server, unknown scheme; the message says which).
    struct Answer {
        std::string header;
        std::string refresh_token;  ///< if it was wanted and given
    };
    Result<Answer> answer(const AuthContext& context, const std::vector<std::string_view>& challenges,
                          bool peer_is_local, const std::stop_token& cancel);
    /// A header that was refused is not used again.
    void forget(const AuthContext& context);

  private:
    struct Entry {
        std::string header;
        std::chrono::steady_clock::time_point expires;
    };

    static std::string key_of(const AuthContext& context);
    void remember(const AuthContext& context, std::string header, std::chrono::seconds lifetime);
    Result<Answer> fetch_token(const AuthContext& context, const Challenge& challenge, bool peer_is_local,
                               const std::stop_token& cancel);

    http::Client& client_;
    const std::vector<std::string> trusted_realms_;
    TlsLookup tls_of_;
    const void* tls_context_;
    std::mutex mutex_;  ///< guards entries_
    std::map<std::string, Entry> entries_;
};

}  // namespace tare::registry
