#include <array>
#include <chrono>

#include <fcntl.h>
#include <signal.h>

#include "base/log.h"
#include "posix/credentials.h"
#include "posix/event_loop.h"
#include "posix/file.h"
#include "posix/memory.h"
#include "posix/mount.h"
#include "posix/poll.h"
#include "run/shim/bootstrap.h"
#include "run/shim/service.h"

namespace tare::shim {

namespace {

using namespace std::chrono_literals;

/// A shim that serves nothing and that nobody has spoken to for so long was left behind.
constexpr auto kIdle = 30s;
/// After so long without a call, memory is given back.
constexpr auto kQuiet = 500ms;

/// Own session, nothing inherited, messages into the bundle: the `log` fifo that containerd reads, or a
/// file.
Result<> detach(const Invocation& invocation, int& listener) {
    TRY(posix::new_session());
    TRY(posix::change_directory(invocation.bundle));
    posix::Fd null = TRY(posix::open_file("/dev/null", O_RDWR));
    auto log = posix::open_file("log", O_WRONLY | O_NONBLOCK);
    if (!log) log = posix::open_file("shim.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (int standard : {0, 1, 2})
        TRY(posix::duplicate_onto(standard == 2 && log ? log->get() : null.get(), standard));
    return posix::close_all_but({listener});
}

/// -999: of all processes the kernel takes the shim last, since it can only say how the container ended as
/// long as it lives. Without the right to, it stays what it was.
std::int32_t protect_from_oom() {
    constexpr std::string_view knob = "/proc/self/oom_score_adj";
    std::string before = posix::read_file(std::string(knob), 64).value_or("0");
    (void)posix::write_knob(std::string(knob), "-999");
    return parse_integer<std::int32_t>(trim(before)).value_or(0);
}

class Serving {
  public:
    Serving(posix::EventLoop& loop, const Invocation& invocation, std::int32_t oom_score_adj)
        : loop_(&loop),
          service_(loop, {.name_space = invocation.name_space,
                          .version = invocation.version,
                          .build = invocation.build,
                          .events_address = invocation.ttrpc_address,
                          .oom_score_adj = oom_score_adj,
                          .seccomp_cache = daemon_directory_of(invocation) + "/seccomp",
                          .on_shutdown = [&loop] { loop.stop(); }}) {}

    Result<> open(posix::Fd listener) {
        constexpr std::array signals = {SIGCHLD, SIGTERM, SIGINT, SIGPIPE, SIGHUP};
        signals_.emplace(TRY(posix::SignalSelection::open(signals)));
        TRY(loop_->watch(signals_->descriptor(), posix::Interest::readable,
                         [this](const posix::Epoll::Event&) { on_signals(); }));
        server_ = TRY(ttrpc::Server::open(*loop_, std::move(listener),
                                          [this](ttrpc::Incoming call, const ttrpc::Responder& responder) {
                                              service_.handle(std::move(call), responder);
                                              release_memory_later();
                                          }));
        check_idle_later();
        return {};
    }

  private:
    void on_signals() {
        while (auto signal = signals_->next().value_or(std::nullopt)) {
            if (*signal == SIGCHLD) service_.reap();
            if (*signal != SIGTERM && *signal != SIGINT) continue;
            // The container's life is not ours to end; without one there is nothing to stay for.
            if (service_.has_running_containers())
                log::info("signal ignored: a container is running");
            else
                loop_->stop();
        }
    }
    /// There is a shim for every container, and it mostly waits.
    void release_memory_later() {
        if (release_timer_ != 0) loop_->cancel(release_timer_);
        release_timer_ = loop_->after(kQuiet, [this] {
            release_timer_ = 0;
            posix::release_idle_memory();
        });
    }
    void check_idle_later() {
        loop_->after(kIdle, [this] {
            bool is_idle = !service_.has_containers() && server_->connection_count() == 0;
            if (is_idle && was_idle_) return loop_->stop();
            was_idle_ = is_idle;
            check_idle_later();
        });
    }

    posix::EventLoop* loop_;
    Service service_;
    std::optional<posix::SignalSelection> signals_;
    std::unique_ptr<ttrpc::Server> server_;
    posix::EventLoop::TimerId release_timer_ = 0;
    bool was_idle_ = false;
};

Result<> serve_detached(const Invocation& invocation, int listener) {
    TRY(detach(invocation, listener));
    log::set_level(invocation.is_debug ? log::Level::debug : log::Level::info);
    TRY(posix::set_child_subreaper());
    auto loop = TRY(posix::EventLoop::open());
    Serving serving(*loop, invocation, protect_from_oom());
    TRY(serving.open(posix::Fd(listener)));
    return loop->run();
}

}  // namespace

Result<> serve(const Invocation& invocation, int listener, const std::string& socket_path) {
    auto served = serve_detached(invocation, listener);
    if (!served) log::failure("shim", served.error());
    // Nobody can connect any more. By the path that is ours: the bundle's `address` may be the next shim's,
    // which is started as soon as Shutdown has been answered. `delete` finds what is left.
    (void)posix::remove_file(socket_path);
    return served;
}

}  // namespace tare::shim
