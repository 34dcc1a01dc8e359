#pragma once

// Method and path to handler, as dockerd's router: an optional version in front, names with or without
// slashes in the middle.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/docker/version.h"
#include "base/result.h"

namespace tare::docker {

class Call;
using Endpoint = Result<> (*)(Call& call);

/// One line of the table. A pattern's `{id}` matches one part of the path, `{name...}` one or more (of
/// images, whose names hold slashes).
struct Route {
    std::string_view method;
    std::string_view pattern;
    Endpoint endpoint;
};

struct Match {
    Endpoint endpoint = nullptr;
    ApiVersion version;
    std::vector<std::string> captures;
};

class Router {
  public:
    explicit Router(const std::vector<Route>& routes);

    /// not_found "page not found" as dockerd for a path that is not there; invalid_argument with Docker's
    /// words for a version that is too old or too new. HEAD is not GET: it has routes of its own.
    Result<Match> find(std::string_view method, std::string_view path) const;

  private:
    struct Compiled {
        Route route;
        std::vector<std::string_view> parts;
    };
    std::vector<Compiled> routes_;
};

/// Every endpoint of this face (routes.cpp).
std::vector<Route> all_routes();

}  // namespace tare::docker
