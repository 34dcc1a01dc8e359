#pragma once

// One request on its line: how curl's callbacks become a head and a body that are pulled. Private to
// client.cpp and exchange.cpp.

#include <functional>
#include <optional>
#include <stop_token>

#include "wire/http/client_line.h"

namespace tare::http {

struct Exchange::State {
    State(std::shared_ptr<Client::State> client, const ClientRequest& request, const std::stop_token& cancel);
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Sets the request up on its line. invalid_argument for a CA file that cannot be read.
    Result<> prepare();
    /// Waits until the head is there.
    Result<> wait_for_head();
    Result<std::string_view> read();

    ClientHead head;
    bool peer_is_local = false;

  private:
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

    Result<> prepare_tls();
    void prepare_method();
    bool take_header(std::string_view line);
    /// Lets curl work once, or wait for the network until `until`.
    Result<> advance(std::chrono::steady_clock::time_point until, std::string_view waiting_for);
    void note_end();
    Error failure(CURLcode code) const;
    Error describe(ErrorKind kind, std::string_view reason) const;

    std::shared_ptr<Client::State> client_;
    std::unique_ptr<Line> line_;
    ClientRequest request_;
    std::stop_token cancel_;
    std::optional<std::stop_callback<std::function<void()>>> wake_;
    curl_slist* headers_ = nullptr;
    char curl_message_[CURL_ERROR_SIZE] = {};

    bool is_head_complete_ = false;
    std::size_t head_bytes_ = 0;
    std::string reject_;  ///< why a callback ended the transfer
    std::string refused_address_;
    std::string arriving_;  ///< filled by on_body
    std::string handed_out_;
    bool is_paused_ = false;
    std::optional<CURLcode> ended_;
};

}  // namespace tare::http
