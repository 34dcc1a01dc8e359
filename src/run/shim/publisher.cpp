#include "run/shim/publisher.h"

#include <algorithm>

#include "base/log.h"
#include "posix/socket.h"

namespace tare::shim {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostEvents = 1024;
constexpr Deadline::Clock::duration kFirstPause = 100ms;
constexpr Deadline::Clock::duration kLongestPause = 5s;
constexpr auto kAnswerTime = 5s;

}  // namespace

Publisher::Publisher(posix::EventLoop& loop, std::string address, std::string name_space)
    : loop_(&loop), address_(std::move(address)), name_space_(std::move(name_space)) {
    constexpr std::string_view scheme = "unix://";
    if (address_.starts_with(scheme)) address_.erase(0, scheme.size());
}

Publisher::~Publisher() {
    *alive_ = false;
    if (timer_ != 0) loop_->cancel(timer_);
    is_sending_ = true;  // the cancelled call is not to start another
}

void Publisher::add(shimv2::Envelope envelope) {
    if (queue_.size() >= kMostEvents) {
        log::warning("events: the daemon is away for too long, the oldest event is lost",
                     {{"topic", queue_[is_sending_ ? 1 : 0].topic}});
        queue_.erase(queue_.begin() + (is_sending_ ? 1 : 0));
    }
    queue_.push_back(std::move(envelope));
    if (!is_sending_ && timer_ == 0) send_next();
}

Result<> Publisher::connect() {
    if (caller_) return {};
    posix::Fd socket = TRY(posix::connect_unix(address_));
    caller_ = TRY(ttrpc::Caller::open(*loop_, std::move(socket), [this] {
        loop_->defer([this, alive = alive_] {
            if (*alive) caller_.reset();
        });
    }));
    return {};
}

void Publisher::send_next() {
    if (queue_.empty() || is_sending_) return;
    if (auto connected = connect(); !connected) return try_later();
    is_sending_ = true;
    shimv2::ForwardRequest request{.envelope = queue_.front()};
    caller_->call(
        {.service = std::string(shimv2::ForwardRequest::kService),
         .method = std::string(shimv2::ForwardRequest::kMethod),
         .payload = encode(request)},
        [this, alive = alive_](const ttrpc::Reply& reply) {
            if (*alive) on_reply(reply);
        },
        Deadline::after(kAnswerTime));
}

void Publisher::on_reply(const ttrpc::Reply& reply) {
    is_sending_ = false;
    bool is_away =
        !reply && (reply.error().is(ErrorKind::unavailable) ||
                   reply.error().is(ErrorKind::deadline_exceeded) || reply.error().is(ErrorKind::cancelled));
    if (is_away) return try_later();
    // Any other answer is the daemon's word on this event.
    if (!reply) log::failure("events: refused by the daemon", reply.error(), log::Level::warning);
    queue_.pop_front();
    pause_ = {};
    send_next();
}

void Publisher::try_later() {
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    timer_ = loop_->after(pause_, [this] {
        timer_ = 0;
        send_next();
    });
}

}  // namespace tare::shim
