#include "wire/ttrpc/server.h"

#include <cerrno>

#include "base/log.h"
#include "posix/credentials.h"
#include "posix/socket.h"

namespace tare::ttrpc {

namespace {

constexpr std::size_t kMaxConnections = 256;

}  // namespace

void Responder::answer(const Reply& reply) const {
    auto channel = channel_.lock();
    if (!channel) return;
    auto sent = channel->send(FrameType::response, stream_, encode_response(reply));
    // Too long to be sent: the caller must hear something. A connection that broke has said so by itself.
    if (!sent && sent.error().is(ErrorKind::resource_exhausted))
        (void)channel->send(FrameType::response, stream_, encode_response(sent.error()));
}

Result<std::unique_ptr<Server>> Server::open(posix::EventLoop& loop, posix::Fd listener, Handler handler) {
    TRY(posix::set_nonblocking(listener.get(), true));
    std::unique_ptr<Server> server(new Server(loop, std::move(listener), std::move(handler)));
    TRY(loop.watch(server->listener_.get(), posix::Interest::readable,
                   [raw = server.get()](const posix::Epoll::Event&) { raw->accept(); }));
    return server;
}

Server::~Server() {
    *alive_ = false;
    loop_->forget(listener_.get());
}

void Server::accept() {
    while (true) {
        auto socket = posix::accept_connection(listener_.get());
        if (!socket && socket.error().error_number() == EAGAIN) return;
        if (!socket) return log::failure("ttrpc", socket.error());
        if (auto admitted = admit(std::move(*socket)); !admitted)
            log::failure("ttrpc: connection refused", admitted.error(), log::Level::warning);
    }
}

Result<> Server::admit(posix::Fd socket) {
    auto peer = TRY(posix::peer_credentials(socket.get()));
    if (peer.uid != 0 && peer.uid != posix::effective_user())
        return fail(ErrorKind::permission_denied, "user ", peer.uid, " may not connect");
    if (peers_.size() >= kMaxConnections)
        return fail(ErrorKind::resource_exhausted, "there are ", kMaxConnections, " connections already");
    std::uint64_t id = next_peer_++;
    auto channel = TRY(Channel::open(*loop_, std::move(socket),
                                     {.on_frame = [this, id](Frame frame) { on_frame(id, std::move(frame)); },
                                      .on_end = [this, id](const Error&) { drop(id); }}));
    peers_[id] = {.channel = std::move(channel)};
    return {};
}

void Server::drop(std::uint64_t id) {
    // Called by the channel itself, which must outlive its callback.
    loop_->defer([this, id, alive = alive_] {
        if (*alive) peers_.erase(id);
    });
}

void Server::on_frame(std::uint64_t id, Frame frame) {
    auto found = peers_.find(id);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    Responder responder(peer.channel, frame.header.stream);
    std::uint32_t stream = frame.header.stream;
    auto refuse = [&](std::string_view reason) {
        responder.answer(fail(ErrorKind::invalid_argument, "ttrpc: ", reason));
    };
    if (frame.header.type != FrameType::request) return refuse("only requests are served");
    if (stream % 2 == 0) return refuse("the stream of a client is odd");
    if (stream <= peer.last_stream) return refuse("a stream is not used twice");
    peer.last_stream = stream;
    if ((frame.header.flags & frame_flag::remote_open) != 0) return refuse("streaming calls are not served");
    auto request = decode_request(frame.payload);
    if (!request) return responder.answer(request.error());
    handler_({.service = std::move(request->service),
              .method = std::move(request->method),
              .payload = std::move(request->payload),
              .descriptors = std::move(frame.descriptors)},
             responder);
}

}  // namespace tare::ttrpc
