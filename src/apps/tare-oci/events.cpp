#include "apps/tare-oci/invocation.h"
#include "cli/common/flags.h"
#include "posix/event_loop.h"
#include "run/cgroup/oom.h"
#include "run/runtime/features.h"
#include "run/runtime/stats_document.h"

namespace tare::oci_command {

namespace {

/// One line for a program to read.
Result<> print_event(const runtime::State& state, std::string_view type, Json data) {
    Json event = Json::object().set("type", type).set("id", state.id);
    if (!data.is_null()) event.set("data", std::move(data));
    return print(cat(dump(event), "\n"));
}

Result<> print_stats(const runtime::State& state, const cgroup::Cgroup& group) {
    return print_event(state, "stats", runtime::stats_document(TRY(cgroup::read_stats(group))));
}

/// Prints until the container's first process has ended, or nobody reads any more.
class Reporter {
  public:
    Reporter(const runtime::State& state, const cgroup::Cgroup& group, posix::EventLoop& loop,
             std::chrono::nanoseconds interval)
        : state_(state), group_(group), loop_(loop), interval_(interval) {}

    Result<> run(int init, cgroup::OomWatch* out_of_memory) {
        TRY(loop_.watch(init, posix::Interest::readable, [this](auto&) { loop_.stop(); }));
        if (out_of_memory)
            TRY(loop_.watch(out_of_memory->descriptor(), posix::Interest::readable,
                            [this, out_of_memory](auto&) { check(print_kills(*out_of_memory)); }));
        wait();
        TRY(loop_.run());
        return outcome_;
    }

  private:
    void wait() {
        loop_.after(interval_, [this] {
            check(print_stats(state_, group_));
            wait();
        });
    }

    Result<> print_kills(cgroup::OomWatch& watch) {
        for (std::uint64_t left = TRY(watch.take_kills()); left > 0; --left)
            TRY(print_event(state_, "oom", Json()));
        return {};
    }

    void check(Result<> outcome) {
        if (outcome) return;
        outcome_ = std::move(outcome);
        loop_.stop();
    }

    const runtime::State& state_;
    const cgroup::Cgroup& group_;
    posix::EventLoop& loop_;
    std::chrono::nanoseconds interval_;
    Result<> outcome_;
};

}  // namespace

Result<int> run_events(const Globals& globals, std::span<const std::string> words) {
    std::chrono::nanoseconds interval = std::chrono::seconds(5);
    bool once = false;
    CommandFlags flags("events");
    flags.duration(interval, "interval", 0, "Time between two lines of figures");
    flags.boolean(once, "stats", 0, "Print the figures once, and end");
    auto arguments = TRY(flags.parse(words));
    if (arguments.size() != 1)
        return fail(ErrorKind::invalid_argument, "tare-oci: \"events\" requires exactly 1 argument(s)");
    if (interval <= interval.zero())
        return fail(ErrorKind::invalid_argument, "duration interval must be greater than 0");
    const auto state = TRY(runtime::load_state(globals.root, arguments.front()));
    if (TRY(runtime::status_of(globals.root, state)) == runtime::Status::stopped)
        return fail(ErrorKind::failed_precondition, "container with id ", state.id, " is not running");
    const auto group = cgroup::Cgroup::open(state.cgroup_paths);
    if (once) {
        TRY(print_stats(state, group));
        return 0;
    }
    const posix::Fd init = TRY(posix::open_pidfd(state.pid));
    auto loop = TRY(posix::EventLoop::open());
    // Without a memory controller there is none to watch.
    auto out_of_memory = cgroup::OomWatch::open(group);
    TRY(Reporter(state, group, *loop, interval).run(init.get(), out_of_memory ? &*out_of_memory : nullptr));
    return 0;
}

Result<int> run_features(const Globals&, std::span<const std::string> words) {
    CommandFlags flags("features");
    TRY(flags.parse(words));
    TRY(print(cat(dump(runtime::features_document(TARE_VERSION), 4), "\n")));
    return 0;
}

}  // namespace tare::oci_command
