#pragma once

// The standard streams of one process: pipes or a terminal on its side; the log, attached clients and
// containerd's targets on the other.
//
//     Streams streams(loop, {.open_stdin = true});
//     TRY(streams.open_log({.path = "/…/ID-json.log"}));
//     TRY(streams.attach(request, std::move(client)));           // any time, also before the process
//     runtime::Stdio ends = TRY(streams.make_ends());            // for runtime::create or exec
//     TRY(streams.begin(std::move(created.console)));
//     …
//     streams.process_ended([] { /* all its output is delivered: announce the exit */ });
//
// Back-pressure: an outlet takes what it is given and says when its buffer is full; then nothing more is
// read from the process, which waits on its full pipe, until there is room. So no client loses a byte and
// `docker run … | less` holds the container still, as a pipe does. With more than one client, one that
// takes nothing for 10 seconds is closed, so that it cannot hold up the others. The log is written first,
// never full, and never waits for a client.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "posix/event_loop.h"
#include "posix/terminal.h"
#include "run/runtime/container.h"
#include "run/shim/attachment.h"
#include "run/shim/json_log.h"
#include "run/shim/targets.h"

namespace tare::shim {

class Streams final : public AttachmentHost {
  public:
    struct Options {
        bool has_terminal = false;
        bool open_stdin = false;  ///< else stdin is /dev/null (or the terminal without input)
        bool stdin_once = false;  ///< the first client whose input ends, ends stdin
    };
    Streams(posix::EventLoop& loop, Options options) : loop_(&loop), options_(options) {}
    ~Streams() override;

    Result<> open_log(JsonLogOptions options);
    /// containerd's: fifos and URIs; `in` a fifo or empty.
    Result<> open_paths(const std::string& in, TargetOptions targets);

    /// What becomes 0, 1 and 2 of the process, valid until begin().
    Result<runtime::Stdio> make_ends();
    /// The process has its ends: closes ours of them and starts to read. `console` is its terminal's
    /// master, or none.
    Result<> begin(posix::Fd console);

    /// A client, from now on (or, before begin(), from the first byte on). failed_precondition once all
    /// output has ended.
    Result<> attach(shimv2::AttachRequest request, posix::Fd socket);
    /// Of the terminal; remembered until there is one. failed_precondition for a process without.
    Result<> resize(posix::WindowSize size);
    /// The size that was asked for, if one was.
    const std::optional<posix::WindowSize>& size() const { return size_; }
    /// CloseIO: stdin ends after what is on its way.
    void close_input();

    /// The process has ended: reads what it has left. `settled` is called once all of it is in the log and
    /// on its way to the clients, at the latest after 2 seconds; other holders of its pipes do not count.
    /// The clients are closed when the pipes end too, or after those 2 seconds, and never before: they ask
    /// for the exit status next.
    void process_ended(std::function<void()> settled);

    bool can_take_input() const override;
    void give_input(std::string_view bytes) override;
    InputEnd end_of_client_input(bool closes_stdin) override;
    void on_room() override;
    void on_gone(Outlet& outlet) override;

  private:
    struct Source {
        Stream stream = Stream::out;
        posix::Fd fd;
        bool has_ended = false;
    };
    Result<> add_source(Stream stream, posix::Fd fd);
    void read_source(Source& source);
    enum class Progress { read, empty, ended };
    Progress read_once(Source& source);
    void deliver(Stream stream, std::string_view bytes);
    bool is_blocked() const;
    void watch_sources();
    void end_source(Source& source);
    bool have_sources_ended() const;
    void end_all();
    void settle();
    void read_input_fifo();
    void end_input();
    void drop_stalled_clients();

    posix::EventLoop* loop_;
    Options options_;
    std::optional<JsonLog> log_;
    std::vector<std::unique_ptr<Outlet>> outlets_;
    std::vector<Attachment*> clients_;  ///< those of the outlets that are clients
    std::vector<std::unique_ptr<Source>> sources_;
    std::vector<posix::Fd> child_ends_;
    posix::Fd console_;                      ///< for its size
    std::optional<posix::WindowSize> size_;  ///< asked for before there was a console
    posix::Fd pending_input_;                ///< the writing end, until begin()
    std::unique_ptr<BoundedWriter> input_;   ///< stdin of the process
    posix::Fd input_fifo_;
    posix::Fd input_fifo_keeper_;  ///< a writing end: the fifo does not end before CloseIO
    bool has_begun_ = false;
    bool is_input_ending_ = false;
    bool has_process_ended_ = false;
    bool have_outputs_ended_ = false;
    std::function<void()> settled_;
    posix::EventLoop::TimerId grace_timer_ = 0;
    posix::EventLoop::TimerId stall_timer_ = 0;
    posix::EventLoop::TimerId retry_timer_ = 0;
    /// Deferred calls find out by it that the object is gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tare::shim
