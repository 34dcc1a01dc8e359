#include "wire/ttrpc/caller.h"

#include <algorithm>

#include "wire/ttrpc/message.h"

namespace tare::ttrpc {

namespace {

// A stream id is never used twice on a connection.
constexpr std::uint32_t kLastStream = 0xffff'fffd;

}  // namespace

Result<std::unique_ptr<Caller>> Caller::open(posix::EventLoop& loop, posix::Fd socket,
                                             std::function<void()> on_lost) {
    std::unique_ptr<Caller> caller(new Caller(loop, std::move(on_lost)));
    auto* raw = caller.get();
    caller->channel_ = TRY(Channel::open(loop, std::move(socket),
                                         {.on_frame = [raw](const Frame& frame) { raw->on_frame(frame); },
                                          .on_end = [raw](const Error& reason) { raw->lose(reason); }}));
    return caller;
}

Caller::~Caller() {
    is_lost_ = true;
    fail_all(Error(ErrorKind::cancelled, "ttrpc: the connection was given up"));
}

void Caller::call(Call call, Callback done, Deadline deadline) {
    if (is_lost_) return done(fail(ErrorKind::unavailable, "ttrpc: the connection is lost"));
    if (next_stream_ > kLastStream) return done(fail(ErrorKind::unavailable, "ttrpc: no stream is left"));
    Request request{.service = std::move(call.service),
                    .method = std::move(call.method),
                    .payload = std::move(call.payload)};
    std::uint32_t stream = next_stream_;
    next_stream_ += 2;
    Outstanding entry{.done = std::move(done)};
    if (!deadline.is_never()) {
        auto left = std::max(deadline.time_point() - Deadline::Clock::now(), Deadline::Clock::duration{1});
        request.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(left);
        std::string what = cat(request.service, "/", request.method);
        entry.timer = loop_->after(left, [this, stream, what] {
            finish(stream, fail(ErrorKind::deadline_exceeded, "ttrpc: ", what, ": no answer in time"));
        });
    }
    outstanding_.emplace(stream, std::move(entry));
    auto sent = channel_->send(FrameType::request, stream, encode(request), std::move(call.descriptors));
    // A connection that broke has failed this call already.
    if (!sent) finish(stream, sent.error());
}

void Caller::on_frame(const Frame& frame) {
    // An answer that comes after its deadline finds nobody; one for a stream that never was is an error of
    // the peer.
    if (frame.header.type != FrameType::response || frame.header.stream % 2 == 0 ||
        frame.header.stream >= next_stream_)
        return lose(fail(ErrorKind::unavailable, "ttrpc: the server has sent a frame that nobody asked for"));
    finish(frame.header.stream, decode_response(frame.payload));
}

void Caller::finish(std::uint32_t stream, Reply reply) {
    auto found = outstanding_.find(stream);
    if (found == outstanding_.end()) return;
    auto entry = std::move(found->second);
    outstanding_.erase(found);
    if (entry.timer != 0) loop_->cancel(entry.timer);
    entry.done(std::move(reply));
}

void Caller::fail_all(const Error& reason) {
    while (!outstanding_.empty())
        finish(outstanding_.begin()->first, reason);
}

void Caller::lose(const Error& reason) {
    if (is_lost_) return;
    is_lost_ = true;
    fail_all(Error(ErrorKind::unavailable, reason.message()).set_error_number(reason.error_number()));
    if (on_lost_) on_lost_();
}

}  // namespace tare::ttrpc
