#include "run/shim/bounded_writer.h"

#include <cerrno>

namespace tare::shim {

Result<std::unique_ptr<BoundedWriter>> BoundedWriter::open(posix::EventLoop& loop, posix::Fd fd,
                                                           std::size_t limit_bytes, Callbacks callbacks) {
    TRY(posix::set_nonblocking(fd.get(), true));
    std::unique_ptr<BoundedWriter> writer(
        new BoundedWriter(loop, std::move(fd), limit_bytes, std::move(callbacks)));
    TRY(loop.watch(writer->fd_.get(), posix::Interest::end_only,
                   [raw = writer.get()](const posix::Epoll::Event& event) { raw->on_ready(event); }));
    return writer;
}

BoundedWriter::~BoundedWriter() {
    if (fd_) loop_->forget(fd_.get());
}

void BoundedWriter::write(std::string_view bytes) {
    if (is_closed_ || bytes.empty()) return;
    pending_.append(bytes);
    if (!flush()) return close();
    was_full_ = was_full_ || is_full();
}

bool BoundedWriter::flush() {
    while (pending_bytes() > 0) {
        auto count = posix::write_some(fd_.get(), std::string_view(pending_).substr(written_));
        if (!count && count.error().error_number() != EAGAIN) return false;
        if (!count) break;
        written_ += *count;
        last_progress_ = Deadline::Clock::now();
    }
    bool is_empty = pending_bytes() == 0;
    if (is_empty) {
        pending_.clear();
        // Kept small: there is a shim for every container.
        constexpr std::size_t kept_bytes = 4096;
        if (pending_.capacity() > kept_bytes) pending_.shrink_to_fit();
        written_ = 0;
    } else if (written_ > limit_bytes_) {
        pending_.erase(0, written_);
        written_ = 0;
    }
    auto changed = loop_->change(fd_.get(), is_empty ? posix::Interest::end_only : posix::Interest::writable);
    return changed.has_value();
}

void BoundedWriter::on_ready(const posix::Epoll::Event& event) {
    bool is_alive = flush() && !(event.has_ended && pending_bytes() > 0 && !event.is_writable);
    if (!is_alive || event.has_ended) return close();
    if (was_full_ && pending_bytes() <= limit_bytes_ / 2) {
        was_full_ = false;
        if (callbacks_.on_room) callbacks_.on_room();
    }
    if (is_closing_ && pending_bytes() == 0) close();
}

void BoundedWriter::close_when_empty() {
    is_closing_ = true;
    if (pending_bytes() == 0) close();
}

void BoundedWriter::close() {
    if (is_closed_) return;
    is_closed_ = true;
    loop_->forget(fd_.get());
    fd_.reset();
    pending_ = {};
    written_ = 0;
    if (callbacks_.on_closed) callbacks_.on_closed();
}

}  // namespace tare::shim
