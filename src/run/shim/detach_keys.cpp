#include "run/shim/detach_keys.h"

namespace tare::shim {

DetachKeys::Outcome DetachKeys::feed(std::string_view bytes) {
    Outcome outcome;
    if (keys_.empty()) {
        outcome.input = std::string(bytes);
        return outcome;
    }
    for (char each : bytes) {
        // A byte that breaks the sequence may begin it anew: ctrl-p ctrl-p ctrl-q detaches.
        if (each != keys_[matched_] && matched_ > 0) {
            outcome.input.append(keys_, 0, matched_);
            matched_ = 0;
        }
        if (each != keys_[matched_]) {
            outcome.input.push_back(each);
            continue;
        }
        if (++matched_ == keys_.size()) {
            outcome.has_detached = true;
            return outcome;
        }
    }
    return outcome;
}

}  // namespace tare::shim
