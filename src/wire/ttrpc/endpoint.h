#pragma once

// A server with a thread of its own.

#include <functional>
#include <memory>
#include <string>

#include "wire/ttrpc/server.h"

namespace tare::ttrpc {

class Endpoint {
  public:
    /// The answer to a call; on the endpoint's thread, one call at a time.
    using Handler = std::function<Reply(Incoming)>;

    /// Listens at `path` (0600; what was there is replaced).
    static Result<std::unique_ptr<Endpoint>> open(const std::string& path, Handler handler);
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    /// Closes the connections and joins the thread. The socket file stays.
    virtual ~Endpoint() = default;

  protected:
    Endpoint() = default;
};

}  // namespace tare::ttrpc
