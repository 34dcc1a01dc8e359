#include "wire/ttrpc/channel.h"

#include <cerrno>

#include "posix/socket.h"

namespace tare::ttrpc {

namespace {

constexpr std::size_t kReceiveBytes = 16384;
constexpr std::size_t kMaxWaitingBytes = std::size_t{16} << 20;

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(posix::EventLoop& loop, posix::Fd socket,
                                               Callbacks callbacks) {
    TRY(posix::set_nonblocking(socket.get(), true));
    std::unique_ptr<Channel> channel(new Channel(loop, std::move(socket), std::move(callbacks)));
    TRY(loop.watch(channel->socket_.get(), posix::Interest::readable,
                   [raw = channel.get()](const posix::Epoll::Event& event) { raw->on_ready(event); }));
    return channel;
}

Channel::~Channel() {
    loop_->forget(socket_.get());
}

Result<> Channel::send(FrameType type, std::uint32_t stream, std::string_view payload,
                       std::vector<posix::Fd> descriptors) {
    if (payload.size() > kMaxPayloadBytes)
        return fail(ErrorKind::resource_exhausted, "ttrpc: a message of ", payload.size(),
                    " bytes is over the limit of ", kMaxPayloadBytes);
    if (has_ended_) return fail(ErrorKind::unavailable, "ttrpc: the connection is closed");
    if (waiting_bytes_ + payload.size() > kMaxWaitingBytes)
        return fail(ErrorKind::resource_exhausted, "ttrpc: the peer does not read");
    FrameHeader header{.length = static_cast<std::uint32_t>(payload.size()), .stream = stream, .type = type};
    outgoing_.push_back(
        {.bytes = cat(encode_header(header), payload), .descriptors = std::move(descriptors)});
    waiting_bytes_ += kHeaderBytes + payload.size();
    auto flushed = flush();
    if (!flushed) end(flushed.error());
    return flushed;
}

Result<> Channel::flush() {
    while (!outgoing_.empty()) {
        Outgoing& first = outgoing_.front();
        std::vector<int> numbers;
        for (auto& each : first.descriptors)
            numbers.push_back(each.get());
        std::string_view part = std::string_view(first.bytes).substr(sent_of_first_);
        auto sent = posix::send_now(socket_.get(), {&part, 1}, numbers);
        if (!sent && sent.error().error_number() == EAGAIN) break;
        std::size_t count = TRY(std::move(sent));
        first.descriptors.clear();
        sent_of_first_ += count;
        waiting_bytes_ -= count;
        if (sent_of_first_ < first.bytes.size()) continue;
        outgoing_.pop_front();
        sent_of_first_ = 0;
    }
    return loop_->change(socket_.get(),
                         outgoing_.empty() ? posix::Interest::readable : posix::Interest::both);
}

Result<> Channel::receive() {
    auto message = posix::receive_message(socket_.get(), kReceiveBytes);
    if (!message && message.error().error_number() == EAGAIN) return {};
    if (!message) return message.error();
    if (message->bytes.empty()) return fail(ErrorKind::unavailable, "ttrpc: the connection was closed");
    return reader_.feed(message->bytes, std::move(message->descriptors));
}

void Channel::on_ready(const posix::Epoll::Event& event) {
    auto outcome = event.is_writable ? flush() : Result<>();
    if (outcome && (event.is_readable || event.has_ended)) outcome = receive();
    // What was complete before the failure counts; a callback may end the channel.
    while (!has_ended_) {
        auto frame = reader_.next();
        if (!frame) break;
        callbacks_.on_frame(std::move(*frame));
    }
    if (!outcome) end(std::move(outcome.error()));
}

void Channel::end(Error reason) {
    if (has_ended_) return;
    has_ended_ = true;
    loop_->forget(socket_.get());
    callbacks_.on_end(std::move(reason));
}

}  // namespace tare::ttrpc
