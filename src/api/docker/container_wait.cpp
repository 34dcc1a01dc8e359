#include <mutex>

#include "api/docker/endpoints.h"
#include "engine/supervisor/supervisor.h"
#include "posix/watch.h"

namespace tare::docker {

namespace {

// What the supervisor's thread leaves for the client's stream; outlives whichever ends first.
struct Outcome {
    explicit Outcome(posix::Fd event) : event(std::move(event)) {}

    std::mutex mutex;
    std::optional<supervisor::WaitResult> result;
    posix::Fd event;
};

Json wait_document(const supervisor::WaitResult& result) {
    Json document = Json::object().set("StatusCode", result.status_code);
    if (!result.error.empty()) document.set("Error", Json::object().set("Message", result.error));
    return document;
}

// An answer of one line, some day.
class WaitSource : public http::StreamSource {
  public:
    WaitSource(std::shared_ptr<Outcome> outcome, supervisor::Waiting waiting)
        : outcome_(std::move(outcome)), waiting_(std::move(waiting)) {}

    std::vector<int> descriptors() const override { return {outcome_->event.get()}; }
    Result<http::StreamState> produce(std::string& out, std::size_t) override {
        TRY(posix::drain_event(outcome_->event.get()));
        std::lock_guard lock(outcome_->mutex);
        if (!outcome_->result) return http::StreamState::waiting;
        out = cat(dump(wait_document(*outcome_->result)), '\n');
        return http::StreamState::finished;
    }

  private:
    std::shared_ptr<Outcome> outcome_;
    supervisor::Waiting waiting_;
};

Result<supervisor::WaitCondition> condition_of(const std::string& text) {
    if (text.empty() || text == "not-running") return supervisor::WaitCondition::not_running;
    if (text == "next-exit") return supervisor::WaitCondition::next_exit;
    if (text == "removed") return supervisor::WaitCondition::removed;
    return fail(ErrorKind::invalid_argument, "invalid condition: ", quote(text));
}

}  // namespace

// The head of the answer goes out at once: `docker run` starts the container only after it has seen that
// its exit will not be missed.
Result<> container_wait(Call& call) {
    auto condition = TRY(condition_of(call.query("condition")));
    auto outcome = std::make_shared<Outcome>(TRY(posix::make_event()));
    auto waiting = TRY(
        call.parts.supervisor.wait(call.name(), condition, [outcome](const supervisor::WaitResult& result) {
            std::lock_guard lock(outcome->mutex);
            outcome->result = result;
            // Cannot fail: the counter of an eventfd of ours has room.
            (void)posix::signal_event(outcome->event.get());
        }));
    return call.exchange.stream(200, {{"Content-Type", "application/json"}},
                                std::make_unique<WaitSource>(std::move(outcome), std::move(waiting)));
}

}  // namespace tare::docker
