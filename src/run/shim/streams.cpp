#include "run/shim/streams.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>

#include "base/log.h"
#include "posix/file.h"

namespace tare::shim {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReadBytes = 32768;
constexpr std::size_t kInputBufferBytes = std::size_t{64} << 10;
constexpr auto kGrace = 2s;
constexpr auto kStall = 10s;
/// A terminal that no process has open says EIO; one may open it again.
constexpr auto kTerminalRetry = 100ms;

}  // namespace

Streams::~Streams() {
    *alive_ = false;
    for (auto timer : {grace_timer_, stall_timer_, retry_timer_})
        if (timer != 0) loop_->cancel(timer);
    for (auto& source : sources_)
        loop_->forget(source->fd.get());
    if (input_fifo_) loop_->forget(input_fifo_.get());
}

Result<> Streams::open_log(JsonLogOptions options) {
    log_ = TRY_CONTEXT(JsonLog::open(std::move(options)), "container log");
    return {};
}

Result<> Streams::open_paths(const std::string& in, TargetOptions targets) {
    targets.on_room = [this] { on_room(); };
    targets.on_gone = [this](Outlet& outlet) { on_gone(outlet); };
    for (auto& outlet : TRY(open_targets(*loop_, targets)))
        outlets_.push_back(std::move(outlet));
    if (in.empty()) return {};
    options_.open_stdin = true;
    input_fifo_ = TRY_CONTEXT(posix::open_file(in, O_RDONLY | O_NONBLOCK), "stdin");
    input_fifo_keeper_ = TRY_CONTEXT(posix::open_file(in, O_WRONLY | O_NONBLOCK), "stdin");
    return loop_->watch(input_fifo_.get(), posix::Interest::end_only,
                        [this](const posix::Epoll::Event&) { read_input_fifo(); });
}

Result<runtime::Stdio> Streams::make_ends() {
    posix::Fd null = TRY(posix::open_file("/dev/null", O_RDWR));
    runtime::Stdio ends{.in = null.get(), .out = null.get(), .error = null.get()};
    child_ends_.push_back(std::move(null));
    if (options_.has_terminal) return ends;
    if (options_.open_stdin) {
        posix::Pipe in = TRY(posix::make_pipe());
        ends.in = in.read_end.get();
        child_ends_.push_back(std::move(in.read_end));
        pending_input_ = std::move(in.write_end);
    }
    for (auto stream : {Stream::out, Stream::error}) {
        posix::Pipe pipe = TRY(posix::make_pipe());
        (stream == Stream::out ? ends.out : ends.error) = pipe.write_end.get();
        child_ends_.push_back(std::move(pipe.write_end));
        TRY(add_source(stream, std::move(pipe.read_end)));
    }
    return ends;
}

Result<> Streams::add_source(Stream stream, posix::Fd fd) {
    TRY(posix::set_nonblocking(fd.get(), true));
    auto source = std::make_unique<Source>(Source{.stream = stream, .fd = std::move(fd)});
    TRY(loop_->watch(source->fd.get(), posix::Interest::end_only,
                     [this, raw = source.get()](const posix::Epoll::Event&) { read_source(*raw); }));
    sources_.push_back(std::move(source));
    return {};
}

Result<> Streams::begin(posix::Fd console) {
    child_ends_.clear();
    if (console) {
        console_ = TRY(posix::duplicate(console.get()));
        if (options_.open_stdin) pending_input_ = TRY(posix::duplicate(console.get()));
        TRY(add_source(Stream::out, std::move(console)));
    }
    if (pending_input_)
        input_ = TRY(BoundedWriter::open(*loop_, std::move(pending_input_), kInputBufferBytes,
                                         {.on_room =
                                              [this] {
                                                  for (auto* client : clients_)
                                                      client->resume_input();
                                                  if (input_fifo_) read_input_fifo();
                                              },
                                          .on_closed = {}}));
    has_begun_ = true;
    watch_sources();
    for (auto* client : clients_)
        client->resume_input();
    if (input_fifo_) TRY(loop_->change(input_fifo_.get(), posix::Interest::readable));
    if (is_input_ending_) end_input();
    return {};
}

Result<> Streams::attach(shimv2::AttachRequest request, posix::Fd socket) {
    if (have_outputs_ended_) return fail(ErrorKind::failed_precondition, "attach: the process has ended");
    if (!options_.open_stdin) request.wants_stdin = false;
    if (!options_.has_terminal) request.detach_keys.clear();
    request.closes_stdin = request.closes_stdin || options_.stdin_once;
    auto attachment = TRY(Attachment::open(*loop_, *this, std::move(socket), std::move(request)));
    auto* client = attachment.get();
    clients_.push_back(client);
    outlets_.push_back(std::move(attachment));
    client->begin();
    return {};
}

Result<> Streams::resize(posix::WindowSize size) {
    if (!options_.has_terminal)
        return fail(ErrorKind::failed_precondition, "resize: the process has no terminal");
    size_ = size;
    if (!console_) return {};
    return posix::set_window_size(console_.get(), size);
}

void Streams::read_source(Source& source) {
    if (is_blocked()) return watch_sources();
    if (read_once(source) == Progress::ended) end_source(source);
    // A full outlet puts all sources to sleep, not this one alone.
    if (is_blocked()) watch_sources();
}

Streams::Progress Streams::read_once(Source& source) {
    static_assert(kReadBytes <= kClientBufferBytes);
    std::array<char, kReadBytes> buffer;
    auto count = posix::read_some(source.fd.get(), buffer.data(), buffer.size());
    if (count && *count > 0) {
        deliver(source.stream, {buffer.data(), *count});
        return Progress::read;
    }
    if (count) return Progress::ended;
    if (count.error().error_number() == EAGAIN) return Progress::empty;
    bool may_come_back = options_.has_terminal && !has_process_ended_;
    if (!may_come_back) return Progress::ended;
    if (retry_timer_ == 0)
        retry_timer_ = loop_->after(kTerminalRetry, [this] {
            retry_timer_ = 0;
            watch_sources();
        });
    (void)loop_->change(source.fd.get(), posix::Interest::end_only);  // watched until it has ended
    return Progress::empty;
}

void Streams::deliver(Stream stream, std::string_view bytes) {
    if (log_) log_->write(stream, bytes, now());
    for (auto& outlet : outlets_)
        if (outlet->wants(stream)) outlet->write(stream, bytes);
}

bool Streams::is_blocked() const {
    return std::ranges::any_of(outlets_, [](auto& outlet) { return outlet->is_full(); });
}

void Streams::watch_sources() {
    if (!has_begun_) return;
    bool is_open = !is_blocked();
    for (auto& source : sources_) {
        if (source->has_ended) continue;
        auto changed =
            loop_->change(source->fd.get(), is_open ? posix::Interest::readable : posix::Interest::end_only);
        if (!changed) log::failure("streams", changed.error());
    }
    if (!is_open && stall_timer_ == 0)
        stall_timer_ = loop_->after(kStall, [this] {
            stall_timer_ = 0;
            drop_stalled_clients();
        });
}

void Streams::drop_stalled_clients() {
    if (!is_blocked()) return;
    auto clients = clients_;
    for (auto* client : clients) {
        if (clients_.size() < 2 || client->stalled_for() < kStall) continue;
        log::warning("attached client closed: it took no output for 10 s while others waited");
        client->drop();
    }
    watch_sources();
}

void Streams::on_room() {
    if (is_blocked()) return;
    watch_sources();
    if (has_process_ended_ && settled_) process_ended(std::exchange(settled_, {}));
}

void Streams::on_gone(Outlet& outlet) {
    std::erase_if(clients_, [&](auto* client) { return client == &outlet; });
    // It is still on the stack of its own callback.
    for (auto& each : outlets_) {
        if (each.get() != &outlet) continue;
        loop_->defer([dead = std::shared_ptr<Outlet>(std::move(each))] {});
        break;
    }
    std::erase(outlets_, nullptr);
    on_room();
}

void Streams::end_source(Source& source) {
    if (source.has_ended) return;
    source.has_ended = true;
    loop_->forget(source.fd.get());
    source.fd.reset();
    if (log_) log_->finish(source.stream, now());
    if (has_process_ended_ && have_sources_ended()) end_all();
}

bool Streams::have_sources_ended() const {
    return std::ranges::all_of(sources_, [](auto& each) { return each->has_ended; });
}

void Streams::end_all() {
    if (have_outputs_ended_) return;
    have_outputs_ended_ = true;
    // Ending an outlet may take it out of the list.
    std::vector<Outlet*> open;
    for (auto& outlet : outlets_)
        open.push_back(outlet.get());
    for (auto* outlet : open)
        outlet->end();
}

void Streams::process_ended(std::function<void()> settled) {
    has_process_ended_ = true;
    settled_ = std::move(settled);
    for (auto& source : sources_) {
        auto progress = Progress::read;
        while (!source->has_ended && progress == Progress::read && !is_blocked())
            progress = read_once(*source);
        if (progress == Progress::ended) end_source(*source);
    }
    if (!has_begun_ || have_sources_ended()) end_all();
    if (!have_outputs_ended_ && grace_timer_ == 0)
        grace_timer_ = loop_->after(kGrace, [this] {
            for (auto& source : sources_)
                end_source(*source);
            settle();
        });
    if (have_outputs_ended_ || !is_blocked()) settle();
}

void Streams::settle() {
    if (settled_) std::exchange(settled_, {})();
}

}  // namespace tare::shim
