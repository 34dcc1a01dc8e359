#pragma once

// Reads what health checks print: all of them on one thread, the first few kilobytes of each, the rest
// thrown away so that no probe blocks.

#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "posix/epoll.h"
#include "posix/fd.h"

namespace tare::supervisor {

class ProbeOutput {
  public:
    explicit ProbeOutput(posix::Fd socket) : socket_(std::move(socket)) {}
    /// What has come so far, what is still in the socket included.
    std::string take();
    /// Reads what is there; false at the end.
    bool drain();
    int descriptor() const { return socket_.get(); }

  private:
    std::mutex mutex_;
    posix::Fd socket_;
    std::string text_;
};

class ProbeReader {
  public:
    ProbeReader() = default;
    ~ProbeReader();
    ProbeReader(const ProbeReader&) = delete;
    ProbeReader& operator=(const ProbeReader&) = delete;

    /// A new socket for a probe; `client` is the end that its streams go to.
    Result<std::shared_ptr<ProbeOutput>> open(posix::Fd& client);

  private:
    Result<> begin();
    void serve();

    std::mutex mutex_;
    std::optional<posix::Epoll> epoll_;
    posix::Fd stop_;
    std::map<std::uint64_t, std::shared_ptr<ProbeOutput>> outputs_;
    std::uint64_t last_ = 0;
    std::thread thread_;
};

}  // namespace tare::supervisor
