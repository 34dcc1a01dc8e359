#include "image/transfer/key_locks.h"

namespace tare::transfer {

Result<KeyLocks::Lock> KeyLocks::take(const std::string& key, const std::stop_token& cancel) {
    std::unique_lock lock(mutex_);
    bool is_free = released_.wait(lock, cancel, [&] { return !held_.contains(key); });
    if (!is_free || cancel.stop_requested()) return fail(ErrorKind::cancelled, "context canceled");
    held_.insert(key);
    return Lock(*this, key);
}

void KeyLocks::Lock::release() {
    if (!owner_) return;
    {
        std::lock_guard lock(owner_->mutex_);
        owner_->held_.erase(key_);
    }
    owner_->released_.notify_all();
    owner_ = nullptr;
}

}  // namespace tare::transfer
