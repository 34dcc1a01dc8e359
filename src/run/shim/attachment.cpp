#include "run/shim/attachment.h"

#include <array>
#include <cerrno>

namespace tare::shim {

Attachment::Attachment(posix::EventLoop& loop, AttachmentHost& host, posix::Fd socket,
                       shimv2::AttachRequest request)
    : loop_(&loop),
      host_(&host),
      socket_(std::move(socket)),
      request_(std::move(request)),
      keys_(request_.detach_keys) {}

Result<std::unique_ptr<Attachment>> Attachment::open(posix::EventLoop& loop, AttachmentHost& host,
                                                     posix::Fd socket, shimv2::AttachRequest request) {
    std::unique_ptr<Attachment> made(new Attachment(loop, host, std::move(socket), std::move(request)));
    auto* raw = made.get();
    made->writer_ = TRY(BoundedWriter::open(
        loop, TRY(posix::duplicate(made->socket_.get())), kClientBufferBytes,
        {.on_room = [raw] { raw->host_->on_room(); }, .on_closed = [raw] { raw->drop(); }}));
    TRY(loop.watch(made->socket_.get(), posix::Interest::readable,
                   [raw](const posix::Epoll::Event& event) { raw->on_ready(event); }));
    return made;
}

void Attachment::begin() {
    take(std::exchange(request_.input, {}));
    if (!is_gone_) adjust();
}

Attachment::~Attachment() {
    if (socket_) loop_->forget(socket_.get());
}

bool Attachment::wants(Stream stream) const {
    return stream == Stream::out ? request_.wants_stdout : request_.wants_stderr;
}

void Attachment::write(Stream stream, std::string_view bytes) {
    if (request_.framing == shimv2::Framing::raw) return writer_->write(bytes);
    auto header = stdcopy_header(stream, static_cast<std::uint32_t>(bytes.size()));
    writer_->write({header.data(), header.size()});
    writer_->write(bytes);
}

void Attachment::end() {
    is_ending_ = true;
    writer_->close_when_empty();
}

Deadline::Clock::duration Attachment::stalled_for() const {
    if (!is_full()) return {};
    return Deadline::Clock::now() - writer_->last_progress();
}

void Attachment::drop() {
    if (is_gone_) return;
    is_gone_ = true;
    take_the_rest();
    loop_->forget(socket_.get());
    // An input that nobody can end any more ends with its client.
    if (!has_input_ended_ && request_.wants_stdin && !is_ending_)
        host_->end_of_client_input(request_.closes_stdin);
    host_->on_gone(*this);
}

/// What a client that is gone has still sent; left unread it would turn the end of the stream into a reset.
void Attachment::take_the_rest() {
    std::array<char, 4096> buffer;
    bool is_wanted = request_.wants_stdin && !has_input_ended_ && !is_ending_;
    while (std::size_t count = posix::read_some(socket_.get(), buffer.data(), buffer.size()).value_or(0))
        if (is_wanted) held_input_ += keys_.feed({buffer.data(), count}).input;
    if (is_wanted) host_->give_input(std::exchange(held_input_, {}));
}

void Attachment::on_ready(const posix::Epoll::Event& event) {
    std::array<char, 16384> buffer;
    if (event.is_readable && !has_input_ended_) {
        auto count = posix::read_some(socket_.get(), buffer.data(), buffer.size());
        if (!count && count.error().error_number() != EAGAIN) return drop();
        if (count && *count == 0) on_input_end();
        if (count && *count > 0) take({buffer.data(), *count});
    }
    // Both directions are closed: nobody reads what we would write.
    if (event.has_ended && (has_input_ended_ || !event.is_readable)) drop();
    if (!is_gone_) adjust();
}

void Attachment::take(std::string_view bytes) {
    if (is_gone_ || !request_.wants_stdin) return;
    auto [input, has_detached] = keys_.feed(bytes);
    held_input_ += input;
    pass_on();
    // The keys end this session alone; stdin stays as it is.
    if (!has_detached) return;
    has_input_ended_ = true;
    end();
}

void Attachment::pass_on() {
    if (held_input_.empty() || !host_->can_take_input()) return;
    host_->give_input(std::exchange(held_input_, {}));
}

void Attachment::on_input_end() {
    has_input_ended_ = true;
    if (!request_.wants_stdin || !held_input_.empty()) return;
    // A session whose input does not end the process's has ended itself, as in Docker.
    if (host_->end_of_client_input(request_.closes_stdin) == AttachmentHost::InputEnd::stdin_stays) end();
}

void Attachment::resume_input() {
    if (is_gone_) return;
    bool had_held = !held_input_.empty();
    pass_on();
    if (had_held && held_input_.empty() && has_input_ended_ && !is_ending_) on_input_end();
    if (!is_gone_) adjust();
}

void Attachment::adjust() {
    bool may_read = !has_input_ended_ && held_input_.empty();
    if (!loop_->change(socket_.get(), may_read ? posix::Interest::readable : posix::Interest::end_only))
        drop();
}

}  // namespace tare::shim
