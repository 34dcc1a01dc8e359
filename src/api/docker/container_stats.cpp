#include "api/docker/endpoints.h"
#include "api/docker/stats_json.h"
#include "engine/supervisor/supervisor.h"

namespace tare::docker {

namespace {

constexpr auto kPeriod = std::chrono::seconds(1);

enum class StatsMode {
    stream,    ///< a line a second
    one_pair,  ///< one line, after two readings
    one_shot,  ///< one line at once, without a reading before it
};

class StatsSource : public http::StreamSource {
  public:
    StatsSource(const Parts& parts, std::string id, StatsMode mode)
        : parts_(parts), id_(std::move(id)), mode_(mode), next_(Deadline::after({})) {}

    Deadline wake_at() const override { return next_; }
    Result<http::StreamState> produce(std::string& out, std::size_t) override {
        next_ = Deadline::after(kPeriod);
        auto stats = parts_.supervisor.stats(id_);
        // The container was removed: that is the end of its statistics.
        if (!stats && stats.error().is(ErrorKind::not_found)) return http::StreamState::finished;
        supervisor::Stats present = TRY(std::move(stats));
        bool shows = mode_ != StatsMode::one_pair || previous_ || !present.running;
        if (shows) out = cat(dump(stats_document(present, previous_, parts_.host.memory_bytes)), '\n');
        previous_ = std::move(present);
        return shows && mode_ != StatsMode::stream ? http::StreamState::finished : http::StreamState::waiting;
    }

  private:
    const Parts& parts_;
    std::string id_;
    StatsMode mode_;
    Deadline next_;
    std::optional<supervisor::Stats> previous_;
};

}  // namespace

Result<> container_stats(Call& call) {
    bool is_stream = call.query_flag("stream", true);
    bool is_one_shot = call.query_flag("one-shot");
    if (is_stream && is_one_shot)
        return fail(ErrorKind::invalid_argument, "cannot have stream=true and one-shot=true");
    // A name that stands for no container is a 404, not an empty stream.
    std::string id = TRY(call.parts.supervisor.stats(call.name()))
    .id;
    StatsMode mode = is_stream ? StatsMode::stream : is_one_shot ? StatsMode::one_shot : StatsMode::one_pair;
    return call.exchange.stream(200, {{"Content-Type", "application/json"}},
                                std::make_unique<StatsSource>(call.parts, std::move(id), mode));
}

}  // namespace tare::docker
