#include "posix/cancel.h"

#include <atomic>
#include <mutex>

#include "posix/watch.h"

namespace tare::posix {

struct CancelToken::State {
    std::atomic<bool> is_cancelled = false;
    std::mutex mutex;
    Fd event;
};

CancelToken::CancelToken() : state_(std::make_shared<State>()) {}

void CancelToken::cancel() const {
    std::lock_guard lock(state_->mutex);
    if (state_->is_cancelled.exchange(true) || !state_->event) return;
    // Cannot fail: the counter of an eventfd of ours has room.
    (void)signal_event(state_->event.get());
}

bool CancelToken::is_cancelled() const {
    return state_->is_cancelled.load(std::memory_order_acquire);
}

Result<> CancelToken::check(std::string_view doing) const {
    if (is_cancelled())
        return fail(ErrorKind::cancelled, doing, ": cancelled, since nobody waits for it any more");
    return {};
}

Result<int> CancelToken::descriptor() const {
    std::lock_guard lock(state_->mutex);
    if (!state_->event) {
        state_->event = TRY(make_event());
        if (state_->is_cancelled) TRY(signal_event(state_->event.get()));
    }
    return state_->event.get();
}

}  // namespace tare::posix
