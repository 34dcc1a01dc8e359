// After a restart of the daemon: what the bundles and the shims say.

#include "base/log.h"
#include "engine/task/bundle.h"
#include "engine/task/launch.h"
#include "engine/task/tasks_impl.h"

namespace tare::task {

using namespace std::chrono_literals;

namespace {

/// Fills in what the files of a bundle say.
Result<> read_files(Found& found, const std::string& bundle) {
    found.exit = TRY(read_exit(bundle, found.key, ""));
    for (auto& [exec_id, record] : TRY(read_exec_records(bundle))) {
        auto exit = TRY(read_exit(bundle, found.key, exec_id));
        found.execs.push_back({.id = exec_id, .record = std::move(record), .exit = std::move(exit)});
    }
    return {};
}

/// The end of a task whose shim is gone: killed, unless it had ended before.
void end_by_force(Found& found) {
    const Exit killed{.key = found.key, .status = 137, .at = now()};
    if (!found.exit) found.exit = killed;
    for (Found::Exec& exec : found.execs) {
        if (exec.exit) continue;
        exec.exit = killed;
        exec.exit->exec_id = exec.id;
    }
    found.state = {.status = Status::stopped, .exit_status = found.exit->status, .exited_at = found.exit->at};
}

/// One line, however many they are: info has them as well.
void warn_of(const std::vector<Key>& tasks) {
    constexpr std::size_t named = 10;
    if (tasks.empty()) return;
    std::string ids;
    for (std::size_t i = 0; i < tasks.size() && i < named; ++i)
        ids += cat(i == 0 ? "" : " ", tasks[i].id.substr(0, 12));
    log::warning(
        "containers run under a shim of another build than the installed one until they are restarted",
        {{"count", cat(tasks.size())}, {"containers", ids}});
}

Result<State> ask_state(Tasks& tasks, const Key& key) {
    auto state = tasks.state(key);
    // A shim whose Create never came, or was undone: it holds nothing.
    if (!state && state.error().is(ErrorKind::not_found)) return State{.status = Status::unknown};
    return state;
}

}  // namespace

Result<std::vector<Found>> Tasks::recover() {
    std::vector<Found> all;
    for (const Key& key : TRY(list_bundles(impl_->options.state_directory))) {
        Found found{.key = key};
        const std::string bundle = TRY(bundle_of(impl_->options.state_directory, key));
        if (auto read = read_files(found, bundle); !read)
            log::failure("read what a task left", read.error(), log::Level::warning);

        auto address = read_address(bundle);
        auto shim = address ? impl_->connect(key, bundle, *address) : Result<ShimRef>(address.error());
        auto state = shim ? ask_state(*this, key) : Result<State>(shim.error());
        found.has_shim = state.has_value();
        if (state) {
            found.state = *state;
            impl_->ask_build(*shim);
            const bool is_alive = state->status == Status::running || state->status == Status::paused;
            if (is_alive || state->status == Status::created)
                impl_->watch(*shim, "", state->pid,
                             is_alive ? Process::Phase::started : Process::Phase::created);
            for (const Found::Exec& exec : found.execs)
                if (!exec.exit) impl_->watch(*shim, exec.id, 0, Process::Phase::started);
        } else {
            log::warning(
                "a task has no shim any more",
                {{"namespace", key.name_space}, {"container", key.id}, {"reason", state.error().message()}});
            if (shim) impl_->forget(*shim);
            auto cleaned = clean_up_after_shim(impl_->options, key, bundle);
            if (!cleaned) log::failure("clean up after a shim", cleaned.error());
            end_by_force(found);
        }
        all.push_back(std::move(found));
    }
    warn_of(under_other_shims());
    return all;
}

}  // namespace tare::task
