#pragma once

// The bus of events.
//
//     bus.publish({.name_space = "default", .type = "container", .action = "die", .actor = id,
//                  .attributes = {{"name", name}, {"exitCode", "0"}}});
//
//     auto subscription = TRY(bus.subscribe([](const Event& e) { return e.type == "image"; }));
//     while (wait_any(…subscription.descriptor()…))
//         while (auto event = TRY(subscription.next())) write(*event);

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace tare::event {

struct Event {
    Time time;               ///< publish() sets it where it is unset; events of one bus never go back in time
    std::string name_space;  ///< "default"
    std::string type;        ///< container, image, volume, network, daemon; snapshot, content, lease, …
    std::string action;      ///< create, start, die, exec_start: /bin/sh, …
    std::string actor;       ///< the id (of an image: its name or digest)
    std::map<std::string, std::string> attributes;  ///< of the actor: name, image, exitCode, labels, …
};

/// True for the events that a subscriber wants. Called under the bus's lock by publishers: it must be
/// quick and call nothing of the bus.
using Filter = std::function<bool(const Event&)>;

inline constexpr std::size_t kKeptEvents = 1024;
inline constexpr std::size_t kQueueLimitBytes = std::size_t{4} << 20;
inline constexpr std::size_t kSubscriberLimit = 1000;

/// One listener's queue. Ends (and leaves the bus) when destroyed; may outlive the bus.
class Subscription {
  public:
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription();

    /// Readable while there is something for next().
    int descriptor() const;
    /// The next event; nothing if there is none now. resource_exhausted once the queue has been full: the
    /// events until then come first, then this, always. unavailable when the bus has closed.
    Result<std::shared_ptr<const Event>> next();

  private:
    friend class Bus;
    struct State;
    explicit Subscription(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// All methods may be called from any thread.
class Bus {
  public:
    Bus();
    ~Bus();
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    /// Tells everybody. Never waits and cannot fail.
    void publish(Event event);
    /// Listens to what passes the filter (an empty one passes all) from now on, after what is still kept
    /// of the time since `since` (inclusive). resource_exhausted beyond kSubscriberLimit.
    Result<Subscription> subscribe(Filter filter = {}, std::optional<Time> since = std::nullopt);
    /// Ends all subscriptions, so that their readers end when the daemon does.
    void close();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace tare::event
