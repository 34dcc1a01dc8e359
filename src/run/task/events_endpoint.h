#pragma once

// The daemon's end of the shims' events.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "run/task/events.h"

namespace tare::shimv2 {

/// Serves containerd.services.events.ttrpc.v1.Events on a unix socket, with a thread of its own. An event is
/// acknowledged when the listener returns; a shim that is not answered sends it again (after a restart
/// of the daemon, too), so a listener may see an event twice.
class EventsEndpoint {
  public:
    /// Called on the endpoint's thread, one event at a time; should not block for long.
    using Listener = std::function<void(const Envelope&)>;

    /// Listens at `path` (0600; what was there is replaced).
    static Result<std::unique_ptr<EventsEndpoint>> open(const std::string& path, Listener listener);
    EventsEndpoint(const EventsEndpoint&) = delete;
    EventsEndpoint& operator=(const EventsEndpoint&) = delete;
    /// Stops listening and joins the thread. The socket file stays for the next daemon to replace.
    virtual ~EventsEndpoint() = default;

  protected:
    EventsEndpoint() = default;
};

}  // namespace tare::shimv2
