#pragma once

// Long answers that cost no thread while nothing happens: events, followed logs, statistics, waits.

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"

namespace tare::http {

/// What a source says after it was asked for bytes.
enum class StreamState {
    waiting,   ///< nothing more until a descriptor is readable or the time has come
    has_more,  ///< ask again as soon as the client has taken these bytes
    finished,  ///< the answer is complete
};

/// Produces the body of a long answer piece by piece. The server's one waiting thread watches the
/// descriptors; when one is readable (or `wake_at` has come) a thread of the pool calls produce(), so it
/// may take a while (ask a shim, read a file), but not wait for something that may never happen. Calls
/// never overlap, and none comes as long as the client has not taken what was produced before: a slow
/// client costs one buffer and holds up nobody else.
///
/// Destroyed when it has finished, has failed, or the client has gone.
class StreamSource {
  public:
    virtual ~StreamSource() = default;

    /// Descriptors to watch for reading, the same ones at every call, owned by this source alone (no
    /// two sources share one). produce() must empty them, else it is called again at once.
    virtual std::vector<int> descriptors() const { return {}; }
    /// When to call produce() even if nothing is readable. Asked after each produce().
    virtual Deadline wake_at() const { return Deadline::never(); }
    /// Appends what there is to `out`, about `room_bytes` at most. A failure ends the connection in the
    /// middle of the answer, which is how the client learns of it.
    virtual Result<StreamState> produce(std::string& out, std::size_t room_bytes) = 0;
};

}  // namespace tare::http
