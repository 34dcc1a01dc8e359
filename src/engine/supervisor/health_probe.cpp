// Runs health checks: an exec each, started by a timer and ended by its exit or by its timeout. Between
// those no thread waits.

#include <csignal>

#include "base/log.h"
#include "engine/supervisor/probe_output.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

namespace {

std::optional<HealthPolicy> policy_of(const Container& container) {
    const auto& asked = container.config.healthcheck;
    if (!asked || !asked->is_enabled()) return std::nullopt;
    const container::Healthcheck check = asked->effective();
    auto command = probe_command(check.test, container.config.shell);
    if (!command || command->empty()) return std::nullopt;  // create refuses the first
    return HealthPolicy{.command = std::move(*command),
                        .interval = check.interval,
                        .timeout = check.timeout,
                        .start_period = check.start_period,
                        .start_interval = check.start_interval,
                        .retries = check.retries};
}

container::Health shown(const Health& health) {
    container::Health state{.status = std::string(to_string(health.status())),
                            .failing_streak = health.failing_streak()};
    for (const ProbeResult& probe : health.log())
        state.log.push_back({.started_at = probe.started_at,
                             .ended_at = probe.ended_at,
                             .exit_code = probe.exit_code,
                             .output = probe.output});
    return state;
}

Health taken_up(Health health, const container::Health& stored) {
    std::deque<ProbeResult> log;
    for (const container::HealthResult& probe : stored.log)
        log.push_back({.started_at = probe.started_at,
                       .ended_at = probe.ended_at,
                       .exit_code = probe.exit_code,
                       .output = probe.output});
    HealthStatus status = stored.status == "healthy"     ? HealthStatus::healthy
                          : stored.status == "unhealthy" ? HealthStatus::unhealthy
                                                         : HealthStatus::starting;
    health.restore(status, stored.failing_streak, std::move(log));
    return health;
}

/// A probe that is going on: what it has in common with its timer and its exit.
struct Run {
    Time started_at;
    std::shared_ptr<ProbeOutput> output;
    std::atomic<bool> is_timed_out = false;
};

}  // namespace

void Supervisor::Impl::begin_health(const Container& container, bool takes_up) {
    auto policy = policy_of(container);
    if (!policy) return;
    Health health(std::move(*policy), container.state.started_at.value_or(now()));
    if (takes_up && container.state.health) health = taken_up(std::move(health), *container.state.health);
    auto probing = std::make_shared<Probing>(std::move(health));
    LiveRef entry = live(container.id);
    {
        std::lock_guard lock(entry->mutex);
        entry->probing = probing;
    }
    auto stored = change_state(
        container.id, [&](container::ContainerState& state) { state.health = shown(probing->health); },
        container::Keep::in_memory);
    if (!stored) log::failure("record a health", stored.error(), log::Level::debug);
    schedule_probe(container.id, probing);
}

void Supervisor::Impl::end_health(const Container& container) {
    LiveRef entry = live(container.id);
    std::lock_guard lock(entry->mutex);
    if (!entry->probing) return;
    std::lock_guard guard(entry->probing->mutex);
    entry->probing->is_over = true;
    schedule.cancel(entry->probing->timer);
    entry->probing.reset();
}

void Supervisor::Impl::schedule_probe(const std::string& id, const std::shared_ptr<Probing>& probing) {
    std::lock_guard lock(probing->mutex);
    if (probing->is_over) return;
    probing->timer =
        schedule.run_after(probing->health.wait(now()), [this, id, probing] { probe(id, probing); });
}

void Supervisor::Impl::probe(const std::string& id, const std::shared_ptr<Probing>& probing) {
    ContainerRef container = parts.containers.get(row(id));
    if (!container || !container->state.is_running()) return;
    if (container->state.status == container::Status::paused) return schedule_probe(id, probing);

    auto run = std::make_shared<Run>();
    run->started_at = now();
    auto finish = [this, id, probing, run](int exit_code) {
        ProbeResult result{.started_at = run->started_at, .ended_at = now(), .exit_code = exit_code};
        if (run->output) result.output = run->output->take();
        if (run->is_timed_out) {
            result.exit_code = -1;
            const auto seconds = std::chrono::duration<double>(probing->health.policy().timeout).count();
            result.output = cat("Health check exceeded timeout (", seconds, "s): ", result.output);
        }
        // Not on the caller's thread, which may hold locks.
        schedule.run([this, id, probing, result] { record_probe(id, probing, result); });
    };
    auto started = start_probe(*container, probing->health.policy(), finish, run->output);
    if (!started) {
        record_probe(id, probing,
                     {.started_at = run->started_at,
                      .ended_at = now(),
                      .exit_code = -1,
                      .output = started.error().message()});
        return;
    }
    schedule.run_after(probing->health.policy().timeout, [this, id, run, exec_id = *started] {
        auto exec = find_exec(exec_id);
        if (!exec) return;
        {
            std::lock_guard lock((*exec)->mutex);
            if ((*exec)->phase == Exec::Phase::ended) return;
        }
        run->is_timed_out = true;
        // If it has ended just now, its exit is on the way.
        (void)parts.tasks.kill({parts.space, id}, exec_id, SIGKILL);
    });
}

Result<std::string> Supervisor::Impl::start_probe(const Container& container, const HealthPolicy& policy,
                                                  std::function<void(int)> finish,
                                                  std::shared_ptr<ProbeOutput>& output) {
    std::string id = TRY(container::generate_id());
    auto exec = std::make_shared<Exec>();
    exec->info = {.id = std::move(id),
                  .container_id = container.id,
                  .config = {.command = policy.command, .attach_stdout = true, .attach_stderr = true}};
    exec->phase = Exec::Phase::starting;
    exec->on_end = std::move(finish);
    posix::Fd client;
    output = TRY(probe_reader.open(client));
    {
        std::lock_guard lock(mutex);
        execs.emplace(exec->info.id, exec);
    }
    const std::string line = join(policy.command, " ");
    publish(container, "exec_create: " + line, {{"execID", exec->info.id}});
    publish(container, "exec_start: " + line, {{"execID", exec->info.id}});
    const task::StreamsRequest streams{
        .wants_stdout = true, .wants_stderr = true, .framing = task::StreamsRequest::Framing::raw};
    TRY(start_exec(container, exec, streams, &client));
    return exec->info.id;
}

void Supervisor::Impl::record_probe(const std::string& id, const std::shared_ptr<Probing>& probing,
                                    ProbeResult result) {
    container::Health state;
    bool has_changed = false;
    {
        std::lock_guard lock(probing->mutex);
        if (probing->is_over) return;
        has_changed = probing->health.take(std::move(result));
        state = shown(probing->health);
    }
    auto stored = change_state(
        id,
        [&](container::ContainerState& it) {
            if (it.is_running()) it.health = state;
        },
        has_changed ? container::Keep::durable : container::Keep::in_memory);
    if (!stored) return log::failure("record a health check", stored.error(), log::Level::warning);
    if (has_changed) publish(**stored, "health_status: " + state.status);
    schedule_probe(id, probing);
}

}  // namespace tare::supervisor
