#pragma once

// Events on their way to the daemon.

#include <deque>
#include <memory>
#include <string>

#include "base/time.h"
#include "posix/event_loop.h"
#include "run/task/events.h"
#include "wire/ttrpc/caller.h"

namespace tare::shim {

/// Sends events one after another to containerd.services.events.ttrpc.v1.Events. While nobody answers they
/// are kept, at most 1,024 of them (then the oldest go), and tried again with a growing pause.
class Publisher {
  public:
    /// `address` is a path, or "unix://" and a path; empty: events go nowhere.
    Publisher(posix::EventLoop& loop, std::string address, std::string name_space);
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    ~Publisher();

    template <class Event>
    void publish(const Event& event) {
        if (!address_.empty()) add(envelope_of(name_space_, now(), event));
    }
    bool is_empty() const { return queue_.empty(); }

  private:
    void add(shimv2::Envelope envelope);
    void send_next();
    Result<> connect();
    void on_reply(const ttrpc::Reply& reply);
    void try_later();

    posix::EventLoop* loop_;
    std::string address_;
    std::string name_space_;
    std::deque<shimv2::Envelope> queue_;
    std::unique_ptr<ttrpc::Caller> caller_;
    bool is_sending_ = false;
    Deadline::Clock::duration pause_{};
    posix::EventLoop::TimerId timer_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tare::shim
