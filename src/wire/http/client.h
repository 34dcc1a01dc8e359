#pragma once

// An HTTP(S) client for registries, on libcurl: one request and its streamed answer at a time, on the
// calling thread, over connections that are kept for the next request.
//
//     http::Client client;
//     http::Exchange answer = TRY(client.send({.url = url, .headers = {{"Accept", "*/*"}}}, stop));
//     if (answer.head().status != 200) return …;
//     for (auto piece = TRY(answer.read()); !piece.empty(); piece = TRY(answer.read())) …
//
// It follows no redirect, keeps no cookie, reads no .netrc and sends no header that it was not given:
// where a secret goes is the caller's decision alone, hop by hop (security rule R19).

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "wire/http/url.h"

namespace tare::http {

/// Whom to believe and how to show who we are. File names are absolute.
struct TlsOptions {
    std::vector<std::string> ca_files;  ///< PEM, trusted beside the system's
    std::string client_cert_file;       ///< PEM; empty for none
    std::string client_key_file;
    bool skip_verify = false;

    bool operator==(const TlsOptions&) const = default;
};

/// Whether an answer of somebody else may lead to this machine or its link (169.254.169.254, 127.0.0.1):
/// checked on the address that is connected to, not on the name (security IM5).
enum class LocalPeers { allowed, refused };

struct ClientRequest {
    std::string method = "GET";
    Url url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;  ///< sent with POST, PUT and PATCH
    TlsOptions tls;
    LocalPeers local_peers = LocalPeers::allowed;
};

/// The head of an answer, bounded as BUDGETS.md says (100 headers, 64 KiB each, 256 KiB in all).
struct ClientHead {
    int status = 0;
    /// Names in lower case, in order; a repeated name stands several times.
    std::vector<std::pair<std::string, std::string>> headers;

    /// The first of that name, "" without one.
    std::string_view header(std::string_view name) const;
    std::vector<std::string_view> all(std::string_view name) const;
};

/// An answer that is being read. Used by one thread; dropping it early closes its connection.
class Exchange {
  public:
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;
    ~Exchange();

    const ClientHead& head() const;
    /// Whether the other side is an address of this machine or its link.
    bool peer_is_local() const;
    /// The next piece of the body, valid until the next call; empty at its end. Failures: unavailable
    /// (the connection broke: retry), deadline_exceeded (30 s without a byte), cancelled.
    Result<std::string_view> read();
    /// The rest of the body, at most `max_bytes` (resource_exhausted beyond).
    Result<std::string> read_all(std::size_t max_bytes);

    struct State;

  private:
    friend class Client;
    explicit Exchange(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Time limits of one exchange.
struct ClientLimits {
    std::chrono::milliseconds connect{10'000};
    std::chrono::milliseconds head{60'000};   ///< from the request's end to the answer's head
    std::chrono::milliseconds stall{30'000};  ///< without a byte of the body
};

/// Thread-safe: any number of exchanges at once. It must outlive them.
class Client {
  public:
    explicit Client(const ClientLimits& limits = {}, std::string user_agent = "tare");
    ~Client();

    /// Sends the request and waits for the head of the answer. Any status is success. Failures:
    /// unavailable (no such host or refused, with an error number; TLS broken off), failed_precondition
    /// if there is plain http where TLS was asked for, unauthenticated for a certificate that cannot be
    /// verified, permission_denied for a local peer that is refused, deadline_exceeded, cancelled.
    Result<Exchange> send(const ClientRequest& request, const std::stop_token& cancel = {});
    /// Closes the connections that nobody uses; the next request opens its own.
    void close_idle();

    struct State;

  private:
    std::shared_ptr<State> state_;
};

}  // namespace tare::http
