#pragma once

// One client's connection: who owns it at the moment, and the waiting that a handler does on it.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "posix/cancel.h"
#include "posix/fd.h"
#include "posix/socket.h"
#include "wire/http/body_reader.h"
#include "wire/http/stream_source.h"

namespace tare::http {

struct ServerOptions;

/// The line before a chunk of that size.
std::string chunk_head(std::size_t size);

/// A long answer between two pieces.
struct StreamRun {
    std::unique_ptr<StreamSource> source;
    std::vector<int> descriptors;  ///< the source's, in the poll set
    std::string unsent;            ///< framed bytes that the client has not taken yet
    bool is_chunked = true;
    bool keep_alive = true;
    bool is_finished = false;
    bool is_stalled = false;  ///< the client takes nothing at the moment

    /// Frames a piece of the body.
    void append(std::string_view piece);
    void finish();
};

/// Members without a lock belong to whoever owns the connection: the waiting thread while `state` is
/// reading_head or streaming, the thread of the pool that works for it while it is `working`.
class Connection {
  public:
    enum class State { reading_head, working, streaming, gone };

    Connection(std::uint64_t id, posix::Fd socket, const posix::PeerCredentials& peer,
               const ServerOptions& options)
        : id(id), peer(peer), options(options), socket(std::move(socket)) {}

    /// Sends all of it; `unavailable` if the client is gone or takes nothing for too long.
    Result<> send(std::string_view first, std::string_view second = {});
    /// Waits for input and appends it to `input`; false at the end of the connection.
    Result<bool> receive(Deadline deadline);

    const std::uint64_t id;
    const posix::PeerCredentials peer;
    const ServerOptions& options;
    const posix::CancelToken cancel;
    /// Takes the descriptor out of the server (Server sets it up).
    std::function<posix::Fd()> detach;

    posix::Fd socket;
    std::string input;        ///< received and not used yet
    std::size_t scanned = 0;  ///< of it, while a head is incomplete
    BodyReader body;          ///< of the request being worked on
    std::optional<StreamRun> stream;

    std::mutex mutex;  ///< guards what follows, and every change of what the poll set waits for
    State state = State::reading_head;
    Deadline deadline = Deadline::never();  ///< of the present state
};

}  // namespace tare::http
