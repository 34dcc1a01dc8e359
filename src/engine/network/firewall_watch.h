#pragma once

// Tells when someone else changes what the firewall rests on: `nft flush ruleset`, a reload of the host's
// firewall, `iptables -F`, a policy that becomes DROP (security rule R25).

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "posix/fd.h"

struct mnl_socket;

namespace tare::network {

class FirewallWatch {
  public:
    struct Callbacks {
        /// Chains or sets of our table were removed, perhaps by ourselves, who make it anew as a whole: to
        /// be compared with what should be. Elements that we never take away by themselves (`by_others`)
        /// were removed by someone else.
        std::function<void(bool by_others)> own_table_changed;
        /// The chain FORWARD of iptables (table ip filter) may have changed.
        std::function<void()> foreign_chain_changed;
    };

    /// Watches the network namespace of the calling thread until destroyed. The callbacks come from a
    /// thread of its own, a moment after the change, many changes as one.
    static Result<std::unique_ptr<FirewallWatch>> start(std::string table, Callbacks callbacks);
    ~FirewallWatch();

  private:
    FirewallWatch(std::string table, Callbacks callbacks)
        : table_(std::move(table)), callbacks_(std::move(callbacks)) {}
    void watch();
    struct News {
        bool own = false;
        bool elements = false;
        bool foreign = false;

        bool any() const { return own || elements || foreign; }
    };
    void read_events(News& news);

    std::string table_;
    Callbacks callbacks_;
    mnl_socket* socket_ = nullptr;
    posix::Fd stop_;     ///< closing it ends the thread
    posix::Fd stopped_;  ///< the thread's end of it
    std::thread thread_;
};

}  // namespace tare::network
