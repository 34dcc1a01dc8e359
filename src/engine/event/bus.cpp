#include "engine/event/bus.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

#include "base/log.h"
#include "posix/watch.h"

namespace tare::event {

namespace {

std::size_t size_of(const Event& event) {
    std::size_t size = sizeof(Event) + event.name_space.size() + event.type.size() + event.action.size() +
                       event.actor.size();
    for (const auto& [key, value] : event.attributes)
        size += key.size() + value.size() + 64;
    return size;
}

}  // namespace

struct Subscription::State {
    Filter filter;
    posix::Fd event;
    std::function<void()> leave;

    std::mutex mutex;  // guards what follows
    std::deque<std::shared_ptr<const Event>> queue;
    std::size_t queued_bytes = 0;
    bool is_cut_off = false;
    bool is_closed = false;

    /// Wakes the reader up. The counter of an eventfd is far from full, so this cannot fail.
    void wake() {
        if (auto woken = posix::signal_event(event.get()); !woken)
            log::failure("wake a subscriber", woken.error());
    }

    void offer(const std::shared_ptr<const Event>& offered) {
        if (filter && !filter(*offered)) return;
        std::lock_guard lock(mutex);
        if (is_cut_off || is_closed) return;
        std::size_t size = size_of(*offered);
        if (queued_bytes + size > kQueueLimitBytes) {
            is_cut_off = true;
        } else {
            queue.push_back(offered);
            queued_bytes += size;
        }
        wake();
    }

    void close() {
        std::lock_guard lock(mutex);
        is_closed = true;
        wake();
    }
};

struct Bus::State {
    std::mutex mutex;
    Time latest;
    std::deque<std::shared_ptr<const Event>> kept;
    std::vector<Subscription::State*> subscribers;
    bool is_closed = false;

    void remove(Subscription::State* subscriber) {
        std::lock_guard lock(mutex);
        std::erase(subscribers, subscriber);
    }
};

Subscription::Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

Subscription::~Subscription() {
    if (state_) state_->leave();
}

int Subscription::descriptor() const {
    return state_->event.get();
}

Result<std::shared_ptr<const Event>> Subscription::next() {
    std::lock_guard lock(state_->mutex);
    if (!state_->queue.empty()) {
        auto event = std::move(state_->queue.front());
        state_->queue.pop_front();
        state_->queued_bytes -= size_of(*event);
        return event;
    }
    // Both stay readable for ever, so that no reader sleeps on a subscription that has ended.
    if (state_->is_cut_off)
        return fail(ErrorKind::resource_exhausted, "events: the reader is too slow; ", kQueueLimitBytes,
                    " bytes were waiting for it")
            .set_hint("subscribe again, with --since the last event that was read");
    if (state_->is_closed) return fail(ErrorKind::unavailable, "events: the daemon is shutting down");
    TRY(posix::drain_event(state_->event.get()));
    return std::shared_ptr<const Event>();
}

Bus::Bus() : state_(std::make_shared<State>()) {}

Bus::~Bus() {
    close();
}

void Bus::publish(Event event) {
    std::lock_guard lock(state_->mutex);
    if (state_->is_closed) return;
    if (event.time == Time()) event.time = now();
    event.time = std::max(event.time, state_->latest);
    state_->latest = event.time;
    auto shared = std::make_shared<const Event>(std::move(event));
    state_->kept.push_back(shared);
    if (state_->kept.size() > kKeptEvents) state_->kept.pop_front();
    for (auto* subscriber : state_->subscribers)
        subscriber->offer(shared);
}

Result<Subscription> Bus::subscribe(Filter filter, std::optional<Time> since) {
    auto subscriber = std::make_shared<Subscription::State>();
    subscriber->filter = std::move(filter);
    subscriber->event = TRY(posix::make_event());
    subscriber->leave = [bus = std::weak_ptr(state_), self = subscriber.get()] {
        if (auto alive = bus.lock()) alive->remove(self);
    };
    std::lock_guard lock(state_->mutex);
    if (state_->is_closed) return fail(ErrorKind::unavailable, "events: the daemon is shutting down");
    if (state_->subscribers.size() >= kSubscriberLimit)
        return fail(ErrorKind::resource_exhausted, "events: ", kSubscriberLimit,
                    " subscribers listen already");
    for (const auto& event : state_->kept) {
        if (since && event->time >= *since) subscriber->offer(event);
    }
    state_->subscribers.push_back(subscriber.get());
    return Subscription(std::move(subscriber));
}

void Bus::close() {
    std::lock_guard lock(state_->mutex);
    state_->is_closed = true;
    for (auto* subscriber : state_->subscribers)
        subscriber->close();
    state_->subscribers.clear();
}

}  // namespace tare::event
