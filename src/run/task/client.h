#pragma once

// Typed calls to a shim.
//
//     shimv2::Client shim(TRY(ttrpc_client->connect(address)));
//     auto created = TRY(shim.call(CreateTaskRequest{…}, Deadline::after(30s)));
//     shim.call_async(WaitRequest{…}, [](Result<WaitResponse> exit) { … });

#include <memory>

#include "run/task/events.h"
#include "run/task/extension.h"
#include "run/task/requests.h"
#include "wire/ttrpc/client.h"

namespace tare::shimv2 {

/// A connection to one shim. Cheap to copy; thread-safe.
class Client {
  public:
    explicit Client(std::shared_ptr<ttrpc::Connection> connection) : connection_(std::move(connection)) {}

    /// Sends a request and waits for its response. Kinds of failure: the shim's own, unavailable (it is
    /// gone), deadline_exceeded. `descriptors` go with it (Attach: exactly one) and are closed here.
    template <class Request>
    Result<typename Request::Response> call(const Request& request, Deadline deadline,
                                            std::vector<posix::Fd> descriptors = {}) const {
        auto reply = TRY(connection_->call(call_of(request, std::move(descriptors)), deadline));
        return decode<typename Request::Response>(reply);
    }

    /// The same without waiting; `done` is called once, on the epoll thread, and must not block.
    template <class Request>
    void call_async(const Request& request, std::function<void(Result<typename Request::Response>)> done,
                    Deadline deadline = Deadline::never()) const {
        connection_->call_async(
            call_of(request, {}),
            [done = std::move(done)](ttrpc::Reply reply) {
                if (reply)
                    done(decode<typename Request::Response>(*reply));
                else
                    done(std::move(reply.error()));
            },
            deadline);
    }

    ttrpc::Connection& connection() const { return *connection_; }

  private:
    template <class Request>
    static ttrpc::Call call_of(const Request& request, std::vector<posix::Fd> descriptors) {
        ttrpc::Call call;
        call.service = Request::kService;
        call.method = Request::kMethod;
        call.payload = encode(request);
        call.descriptors = std::move(descriptors);
        return call;
    }

    std::shared_ptr<ttrpc::Connection> connection_;
};

}  // namespace tare::shimv2
