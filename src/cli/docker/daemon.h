#pragma once

// The Engine API as the commands use it. Each call is one request; failures read as docker's do
// ("Error response from daemon: …", "Cannot connect to the Docker daemon at …").

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/docker/settings.h"
#include "posix/fd.h"

namespace tare::cli::docker {

/// The newest API version whose fields the commands know.
inline constexpr std::string_view kApiVersion = "1.50";

/// The query part of a target; values are percent-encoded.
class Query {
  public:
    Query& add(std::string_view key, std::string_view value);
    /// Adds it unless the value is empty.
    Query& add_if(std::string_view key, std::string_view value);
    Query& flag(std::string_view key, bool value);
    /// "?a=b&c=d" or "".
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// A name as one segment of a path.
std::string path_segment(std::string_view name);
/// An image reference as the rest of a path: '/' and ':' stay, everything else is encoded.
std::string path_reference(std::string_view reference);

using Headers = std::vector<std::pair<std::string, std::string>>;
/// Receives the body piece by piece; a failure ends the transfer.
using Sink = std::function<Result<>(std::string_view)>;
/// Writes a request body piece by piece to the sink it is given; a failure ends the transfer.
using Producer = std::function<Result<>(const Sink&)>;

/// A connection that left HTTP: raw bytes both ways.
struct Hijacked {
    posix::Fd socket;
    std::string leftover;         ///< what came with the answer's head
    bool is_multiplexed = false;  ///< the answer said multiplexed-stream
};

/// An answer with its head, where a command needs more than the body.
struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// A request that the daemon has taken and whose result is read later (container wait).
class PendingAnswer {
  public:
    struct State;
    explicit PendingAnswer(std::unique_ptr<State> state);
    PendingAnswer(PendingAnswer&&) noexcept;
    PendingAnswer& operator=(PendingAnswer&&) noexcept;
    ~PendingAnswer();
    /// Readable once something came.
    int descriptor() const;
    /// Waits for the result and reads it.
    Result<Json> finish();

  private:
    std::unique_ptr<State> state_;
};

/// A body that is read piece by piece.
class Download {
  public:
    struct State;
    explicit Download(std::unique_ptr<State> state);
    Download(Download&&) noexcept;
    Download& operator=(Download&&) noexcept;
    ~Download();
    /// A header of the answer (name in lower case), "" without one.
    std::string header(std::string_view name) const;
    /// The next piece, "" at the end.
    Result<std::string> read();

  private:
    std::unique_ptr<State> state_;
};

/// The client. One connection a call; usable from one thread.
class Daemon {
  public:
    explicit Daemon(const Settings& settings);

    /// The JSON answer; null for an empty one.
    Result<Json> get(const std::string& target);
    Result<Json> post(const std::string& target, const Json& body = Json(), const Headers& headers = {});
    Result<Json> remove(const std::string& target);
    Result<Answer> head(const std::string& target);
    /// Hands the body on as it comes.
    Result<> stream(std::string_view method, const std::string& target, const Json& body,
                    const Headers& headers, const Sink& sink);
    /// Sends a body of unknown length, then hands the answer's body on.
    Result<> upload(std::string_view method, const std::string& target, std::string_view content_type,
                    const Producer& producer, const Sink& sink);
    /// Gives the body to be read at leisure.
    Result<Download> download(const std::string& target);
    /// Asks to leave HTTP (attach, exec start).
    Result<Hijacked> hijack(const std::string& target, const Json& body);
    /// Sends the request and reads the answer's head now (the daemon is at it), the result later.
    Result<PendingAnswer> begin(std::string_view method, const std::string& target);

    const Settings& settings() const { return settings_; }

  private:
    /// The target under the API version that both sides know; asks the daemon the first time.
    Result<std::string> versioned(const std::string& target);
    Result<Json> call(std::string_view method, const std::string& target, const Json& body,
                      const Headers& headers);

    const Settings& settings_;
    std::optional<std::string> prefix_;  ///< "/v1.50" once it is settled
};

/// True if the daemon itself answered with an error ("Error response from daemon: ").
bool is_daemon_error(const Error& error);

}  // namespace tare::cli::docker
