#pragma once

// Where a user's registry credentials are kept: config.json, or the credential helper that it names.

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/docker/settings.h"

namespace tare::cli::docker {

struct Credential {
    std::string username;
    std::string password;        ///< never part of an error message
    std::string identity_token;  ///< instead of a password
};

/// The store for one user. Helpers (`docker-credential-NAME`) are looked for in the absolute
/// directories of PATH and run only if they belong to root or to the user and no one else may write
/// them (security entry CL3). config.json is written as 0600, by rename, keeping what it does not know.
class CredentialStore {
  public:
    explicit CredentialStore(const Settings& settings) : settings_(settings) {}

    /// `key` is config_key_of(registry).
    Result<std::optional<Credential>> find(std::string_view key) const;
    Result<> store(std::string_view key, const Credential& credential) const;
    /// Forgetting what is not there is success.
    Result<> erase(std::string_view key) const;
    /// True if this registry's credentials end up in config.json itself.
    Result<bool> is_plain(std::string_view key) const;
    std::string config_path() const { return cat(settings_.config_directory, "/config.json"); }

  private:
    Result<Json> read_config() const;
    Result<> write_config(const Json& config) const;
    Result<std::string> run_helper(std::string_view helper, std::string_view verb,
                                   std::string_view input) const;

    const Settings& settings_;
};

/// The key under which a registry's credentials are kept: "https://index.docker.io/v1/" for the hub.
std::string config_key_of(std::string_view registry);

}  // namespace tare::cli::docker
