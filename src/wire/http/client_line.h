#pragma once

// What the client is made of: lines (a curl handle with the connections it keeps) and the pool of idle
// ones. Private to client.cpp and exchange.cpp.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "wire/http/client.h"

namespace tare::http {

/// One transfer at a time, and its connection for the next. A multi handle of its own, since that can
/// be woken from another thread when a pull is cancelled; a plain transfer cannot.
struct Line {
    Line();
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    CURLM* multi = nullptr;
    CURL* easy = nullptr;
    Origin origin;          ///< of the connection that it may hold
    TlsOptions tls;         ///< under which that was made: never reused under others
    bool is_local = false;  ///< whether that leads to an address of this machine
};

struct Client::State {
    ClientLimits limits;
    std::string user_agent;

    /// An idle line that fits the request, else a new one.
    std::unique_ptr<Line> take(const ClientRequest& request);
    /// Gives a line back; the oldest is closed when there are too many.
    void give_back(std::unique_ptr<Line> line);
    void close_idle();

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Line>> idle_;  ///< the one used last stands at the end
};

}  // namespace tare::http
