#include "engine/supervisor/probe_output.h"

#include <array>

#include "base/log.h"
#include "posix/socket.h"
#include "posix/watch.h"

namespace tare::supervisor {

namespace {
constexpr std::size_t kKeptBytes = 4096;
}

bool ProbeOutput::drain() {
    std::lock_guard lock(mutex_);
    std::array<char, 8192> buffer;
    for (;;) {
        auto count = posix::read_some(socket_.get(), buffer.data(), buffer.size());
        if (!count) return count.error().is(ErrorKind::unavailable);
        if (*count == 0) return false;
        text_.append(buffer.data(), std::min(*count, kKeptBytes - std::min(kKeptBytes, text_.size())));
    }
}

std::string ProbeOutput::take() {
    drain();
    std::lock_guard lock(mutex_);
    return std::move(text_);
}

Result<> ProbeReader::begin() {
    if (epoll_) return {};
    auto epoll = TRY(posix::Epoll::open());
    stop_ = TRY(posix::make_event());
    TRY(epoll.add(stop_.get(), posix::Interest::readable, 0));
    epoll_ = std::move(epoll);
    thread_ = std::thread([this] { serve(); });
    return {};
}

Result<std::shared_ptr<ProbeOutput>> ProbeReader::open(posix::Fd& client) {
    auto [ours, theirs] = TRY(posix::make_socket_pair(posix::SocketKind::stream));
    TRY(posix::set_nonblocking(ours.get(), true));
    auto output = std::make_shared<ProbeOutput>(std::move(ours));
    std::lock_guard lock(mutex_);
    TRY(begin());
    const std::uint64_t token = ++last_;
    TRY(epoll_->add(output->descriptor(), posix::Interest::readable, token));
    outputs_.emplace(token, output);
    client = std::move(theirs);
    return output;
}

void ProbeReader::serve() {
    std::array<posix::Epoll::Event, 16> events;
    for (;;) {
        auto count = epoll_->wait(events, Deadline::never());
        if (!count) return log::failure("read the output of health checks", count.error());
        for (std::size_t i = 0; i < *count; ++i) {
            const std::uint64_t token = events[i].token;
            if (token == 0) return;
            std::shared_ptr<ProbeOutput> output;
            {
                std::lock_guard lock(mutex_);
                if (auto found = outputs_.find(token); found != outputs_.end()) output = found->second;
            }
            if (!output) continue;
            const bool goes_on =
                output->drain() &&
                epoll_->arm(output->descriptor(), posix::Interest::readable, token).has_value();
            if (goes_on) continue;
            // Taken out before its descriptor is closed with the last owner.
            if (auto removed = epoll_->remove(output->descriptor()); !removed)
                log::failure("forget the output of a health check", removed.error(), log::Level::debug);
            std::lock_guard lock(mutex_);
            outputs_.erase(token);
        }
    }
}

ProbeReader::~ProbeReader() {
    if (!thread_.joinable()) return;
    // Cannot fail: the counter of an eventfd of ours has room.
    (void)posix::signal_event(stop_.get());
    thread_.join();
}

}  // namespace tare::supervisor
