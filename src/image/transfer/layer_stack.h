#pragma once

// The layers of an image becoming a stack of snapshots: fetched and unpacked side by side, committed from
// the bottom up.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "image/transfer/layer_flow.h"

namespace tare::transfer {

/// One use: build it, run it.
class LayerStack {
  public:
    LayerStack(const Work& work, const ImageFacts& facts);
    ~LayerStack();

    /// Returns when every layer is a committed snapshot. On failure what was committed stays (it is right,
    /// and the next try begins there), the rest is removed.
    Result<> run();

  private:
    enum class Phase { waiting, ready, failed };
    struct Slot {
        LayerPlan plan;
        KeyLocks::Lock alone;  ///< nobody else makes this chain id
        std::optional<ActiveLayer> active;
        bool was_there = false;
        Phase phase = Phase::waiting;
        Error error{ErrorKind::unknown, ""};
    };

    void remove_layers();
    void announce();
    void work_on_layers();
    /// Fetches (and, beside others, unpacks) one layer.
    Result<> make_ready(Slot& slot);
    void settle(Slot& slot, Result<> outcome);

    /// Commits in order what is ready.
    Result<> finish();
    Result<std::size_t> wait_for(std::size_t first);
    Result<> finish_batch(std::size_t first, std::size_t end);
    Result<> finish_on_parent(Slot& slot);
    Result<std::vector<int>> lower_roots(std::size_t index);

    const bool side_by_side_;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> chained_;
    Work work_;
    std::vector<Slot> slots_;
    std::size_t first_missing_ = 0;

    std::mutex mutex_;  ///< guards next_ and the phases
    std::condition_variable changed_;
    std::size_t next_ = 0;

    /// A look at layers that were there, opened when a layer above wants to know of their directories.
    std::string view_key_;
    snapshot::Trees view_;
    std::vector<std::jthread> threads_;  ///< the last member: joined before what they use goes
};

}  // namespace tare::transfer
