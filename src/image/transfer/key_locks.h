#pragma once

// One at a time for a key: how two pulls of the same blob become one download. Whoever gets the key
// second looks first whether the work is done.

#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "base/result.h"

namespace tare::transfer {

/// Thread-safe; outlives its locks.
class KeyLocks {
  public:
    /// The right to work on a key, until destroyed.
    class Lock {
      public:
        Lock() = default;
        Lock(KeyLocks& owner, std::string key) : owner_(&owner), key_(std::move(key)) {}
        Lock(Lock&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
        Lock& operator=(Lock&& other) noexcept {
            release();
            owner_ = std::exchange(other.owner_, nullptr);
            key_ = std::move(other.key_);
            return *this;
        }
        ~Lock() { release(); }
        void release();

      private:
        KeyLocks* owner_ = nullptr;
        std::string key_;
    };

    /// Waits for the key; `cancelled` if the cancel comes first.
    Result<Lock> take(const std::string& key, const std::stop_token& cancel);

  private:
    std::mutex mutex_;  ///< guards held_
    std::condition_variable_any released_;
    std::set<std::string> held_;
};

}  // namespace tare::transfer
