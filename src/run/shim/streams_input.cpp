#include <array>
#include <cerrno>

#include "run/shim/streams.h"

namespace tare::shim {

bool Streams::can_take_input() const {
    // A stdin that is closed swallows what comes: nobody is to wait for it.
    return has_begun_ && (!input_ || input_->is_closed() || !input_->is_full());
}

void Streams::give_input(std::string_view bytes) {
    if (input_ && !is_input_ending_) input_->write(bytes);
}

Streams::InputEnd Streams::end_of_client_input(bool closes_stdin) {
    if (!closes_stdin || options_.has_terminal) return InputEnd::stdin_stays;
    end_input();
    return InputEnd::stdin_ended;
}

void Streams::close_input() {
    // What other writers have put into the fifo still comes, and then its end.
    if (input_fifo_keeper_) return input_fifo_keeper_.reset();
    end_input();
}

void Streams::end_input() {
    is_input_ending_ = true;
    if (options_.has_terminal) return;
    if (input_) input_->close_when_empty();
}

void Streams::read_input_fifo() {
    std::array<char, 16384> buffer;
    while (can_take_input()) {
        auto count = posix::read_some(input_fifo_.get(), buffer.data(), buffer.size());
        if (!count && count.error().error_number() == EAGAIN) {
            (void)loop_->change(input_fifo_.get(), posix::Interest::readable);  // watched until its end
            return;
        }
        if (count && *count > 0) {
            give_input({buffer.data(), *count});
            continue;
        }
        loop_->forget(input_fifo_.get());
        input_fifo_.reset();
        return end_input();
    }
    (void)loop_->change(input_fifo_.get(), posix::Interest::end_only);  // until there is room
}

}  // namespace tare::shim
