#pragma once

// One request to a repository and all that may come between it and its answer: authentication,
// redirects, tries again, and the next endpoint. Private to this folder.

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "image/registry/authorizer.h"
#include "image/registry/backoff.h"
#include "image/registry/errors.h"
#include "image/registry/registry.h"

namespace tare::registry {

/// What one set of options amounts to. Repositories keep theirs alive when it is replaced.
struct Registry::State {
    State(RegistryOptions given, std::shared_ptr<http::Client> shared);

    const RegistryOptions options;
    const std::shared_ptr<http::Client> connections;  ///< keeps `client`
    http::Client& client;
    Authorizer authorizer;
};

struct Repository::State {
    std::shared_ptr<Registry::State> registry;
    oci::Reference reference;
    Credentials credentials;
    std::vector<Endpoint> endpoints;

    /// Endpoints that could not be reached in this pull are not asked again before the others failed too.
    std::mutex mutex;  ///< guards unreachable
    std::vector<bool> unreachable;
};

/// What is asked of a repository.
struct Question {
    std::string method = "GET";
    std::string path;  ///< below the repository: "/manifests/latest"
    std::vector<std::pair<std::string, std::string>> query = {};
    std::vector<std::pair<std::string, std::string>> headers;
    enum class About { name, content } about = About::content;  ///< which capability it needs
    int redirect_limit = 5;
};

/// An answer with a status of 2xx, or 4xx and 5xx that were asked for by nobody.
struct Answered {
    http::Exchange exchange;
    http::Url url;            ///< as asked at first
    bool used_token = false;  ///< whether the request carried a bearer token
};

/// Asks one endpoint once, authentication and redirects included; any status but 401 with a challenge
/// that could be answered, and 3xx.
Result<Answered> ask_once(Repository::State& repository, const Endpoint& endpoint, const Question& question,
                          const std::stop_token& cancel);

/// Asks the endpoints in order until `take` has taken an answer of 2xx. A temporary refusal or broken
/// connection is tried again; a mirror that fails is passed over. The failure is that of the registry
/// itself.
Result<> ask(Repository::State& repository, const Question& question, const std::stop_token& cancel,
             const std::function<Result<>(Answered&)>& take);

/// The failure that an answer of 4xx or 5xx stands for.
Error refusal_of(Answered& answered, const Question& question, const oci::Reference& reference);

}  // namespace tare::registry
