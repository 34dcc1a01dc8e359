#include "cli/docker/session.h"

#include <cerrno>
#include <csignal>

#include "cli/docker/detach_keys.h"
#include "cli/docker/stream_copy.h"
#include "posix/process.h"
#include "posix/socket.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kPieceBytes = 32 << 10;
constexpr int kInput = 0;
constexpr int kOutput = 1;

// Everything that a user or script may send and that has a meaning inside.
constexpr int kPassedSignals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM,
                                  SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGIO,   SIGPWR,  SIGVTALRM};

// One run of the copy loop.
class Copier {
  public:
    Copier(Hijacked connection, const SessionOptions& options)
        : socket_(std::move(connection.socket)),
          options_(options),
          filter_(options.tty ? options.detach_keys : std::string()),
          splitter_(to_standard_streams()),
          leftover_(std::move(connection.leftover)),
          input_open_(options.input) {}

    Result<> begin() {
        TRY(posix::set_nonblocking(socket_.get(), true));
        if (!input_open_) TRY(end_input());
        return leftover_.empty() ? Result<>() : show(leftover_);
    }

    /// What to wait for: our input unless some is still unsent, the container, and room to send.
    posix::PollItem input_item() const { return {.fd = input_open_ && unsent_.empty() ? kInput : -1}; }
    posix::PollItem output_item() const { return {.fd = socket_.get()}; }
    posix::PollItem room_item() const {
        return {.fd = unsent_.empty() ? -1 : socket_.get(), .wants_write = true};
    }

    Result<> take_input() {
        char buffer[kPieceBytes];
        auto count = posix::read_some(kInput, buffer, sizeof buffer);
        // A terminal that went away (EIO) is the end of input, as is its regular end.
        if (!count || *count == 0) {
            input_open_ = false;
            return end_input();
        }
        auto [bytes, is_detached] = filter_.feed(std::string_view(buffer, *count));
        detached_ = is_detached;
        unsent_ += bytes;
        return send_unsent();
    }

    Result<> send_unsent() {
        while (!unsent_.empty()) {
            auto count = posix::write_some(socket_.get(), unsent_);
            if (!count && count.error().error_number() == EAGAIN) return {};
            if (!count) {
                // The container no longer reads: its output still counts.
                unsent_.clear();
                input_open_ = false;
                return {};
            }
            unsent_.erase(0, *count);
        }
        if (wants_end_) return end_input();
        return {};
    }

    /// False at the end of the container's side.
    Result<bool> take_output() {
        char buffer[kPieceBytes];
        auto count = posix::read_some(socket_.get(), buffer, sizeof buffer);
        if (!count && count.error().error_number() == EAGAIN) return true;
        if (!count && count.error().error_number() == ECONNRESET) return false;
        std::size_t size = TRY(std::move(count));
        if (size == 0) return false;
        TRY(show(std::string_view(buffer, size)));
        return true;
    }

    bool is_detached() const { return detached_; }

  private:
    Result<> show(std::string_view bytes) {
        if (!options_.output) return {};
        return options_.tty ? posix::write_all(kOutput, bytes) : splitter_.feed(bytes);
    }

    Result<> end_input() {
        wants_end_ = !unsent_.empty();
        if (wants_end_) return {};
        // The other side may be gone already.
        (void)posix::shut_down_writing(socket_.get());
        return {};
    }

    posix::Fd socket_;
    const SessionOptions& options_;
    DetachFilter filter_;
    StreamSplitter splitter_;
    std::string leftover_;
    std::string unsent_;
    bool input_open_;
    bool wants_end_ = false;
    bool detached_ = false;
};

}  // namespace

Result<Session> Session::open(Daemon& daemon, SessionOptions options) {
    Session session(daemon, std::move(options));
    std::vector<int> signals;
    if (!session.options_.kill_target.empty())
        signals.assign(std::begin(kPassedSignals), std::end(kPassedSignals));
    if (!session.options_.resize_target.empty()) signals.push_back(SIGWINCH);
    if (!signals.empty()) session.signals_.emplace(TRY(posix::SignalSelection::open(signals)));
    return session;
}

Result<> Session::prepare_terminal() {
    if (options_.tty && options_.input && posix::is_terminal(kInput))
        raw_.emplace(TRY_CONTEXT(posix::RawMode::enter(kInput), "unable to setup input stream"));
    return {};
}

void Session::tell_size(unsigned more) {
    if (options_.resize_target.empty()) return;
    auto size = posix::window_size(kOutput);
    if (!size || (size->rows == 0 && size->columns == 0)) return;
    Query query;
    query.add("h", cat(size->rows + more)).add("w", cat(size->columns + more));
    // A container that has just ended has no size; nothing is lost.
    (void)daemon_.post(cat(options_.resize_target, query.text()));
}

void Session::send_size() {
    tell_size(0);
}

void Session::send_size_twice() {
    tell_size(1);
    tell_size(0);
}

void Session::pass_signal(int signal) {
    if (signal == SIGWINCH) return send_size();
    Query query;
    query.add("signal", posix::signal_name(signal));
    // It may have ended meanwhile; the session's end tells.
    (void)daemon_.post(cat(options_.kill_target, query.text()));
}

void Session::pass_signals() {
    for (;;) {
        auto signal = signals_->next();
        if (!signal || !*signal) return;
        pass_signal(**signal);
    }
}

Result<SessionEnd> Session::run(Hijacked connection, const PendingAnswer* until) {
    if (!raw_) TRY(prepare_terminal());
    Copier copier(std::move(connection), options_);
    TRY(copier.begin());
    for (;;) {
        posix::PollItem items[] = {copier.input_item(),
                                   copier.output_item(),
                                   copier.room_item(),
                                   {.fd = signals_ ? signals_->descriptor() : -1},
                                   {.fd = until != nullptr && !options_.output ? until->descriptor() : -1}};
        TRY(posix::wait_any(items, Deadline::never()));
        if (items[3].is_ready) pass_signals();
        if (items[2].is_ready) TRY(copier.send_unsent());
        if (items[1].is_ready && !TRY(copier.take_output())) break;
        if (items[0].is_ready) TRY(copier.take_input());
        if (copier.is_detached() || items[4].is_ready) break;
    }
    if (raw_) raw_->leave();
    return copier.is_detached() ? SessionEnd::detached : SessionEnd::ended;
}

Result<> check_input_is_terminal(bool attach_input, bool tty) {
    if (!attach_input || !tty || posix::is_terminal(kInput)) return {};
    return fail(ErrorKind::invalid_argument, "the input device is not a TTY");
}

std::string chosen_detach_keys(const Settings& settings, const std::string& flag) {
    std::string text = flag.empty() ? settings.config_text("detachKeys") : flag;
    constexpr std::string_view kDefault = "\x10\x11";  // ctrl-p, ctrl-q
    if (text.empty()) return std::string(kDefault);
    auto keys = parse_detach_keys(text);
    return keys ? *keys : std::string(kDefault);
}

}  // namespace tare::cli::docker
