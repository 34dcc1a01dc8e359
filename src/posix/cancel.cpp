#include "posix/cancel.h"

#include <mutex>

#include "posix/watch.h"

namespace tare::posix {

struct CancelToken::State {
    std::stop_source source;
    std::mutex mutex;
    Fd event;
};

CancelToken::CancelToken() : state_(std::make_shared<State>()) {}

void CancelToken::cancel() const {
    // Callbacks of the token run here, so outside the lock.
    if (!state_->source.request_stop()) return;
    std::lock_guard lock(state_->mutex);
    if (!state_->event) return;
    // Cannot fail: the counter of an eventfd of ours has room.
    (void)signal_event(state_->event.get());
}

bool CancelToken::is_cancelled() const {
    return state_->source.stop_requested();
}

Result<> CancelToken::check(std::string_view doing) const {
    if (is_cancelled())
        return fail(ErrorKind::cancelled, doing, ": cancelled, since nobody waits for it any more");
    return {};
}

std::stop_token CancelToken::stop_token() const {
    return state_->source.get_token();
}

Result<int> CancelToken::descriptor() const {
    std::lock_guard lock(state_->mutex);
    if (!state_->event) {
        state_->event = TRY(make_event());
        if (state_->source.stop_requested()) TRY(signal_event(state_->event.get()));
    }
    return state_->event.get();
}

}  // namespace tare::posix
