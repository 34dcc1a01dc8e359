#include "wire/ttrpc/endpoint.h"

#include <future>

#include "posix/socket.h"
#include "wire/ttrpc/loop_thread.h"

namespace tare::ttrpc {

namespace {

class ThreadEndpoint final : public Endpoint {
  public:
    ThreadEndpoint(std::unique_ptr<LoopThread> thread, Handler handler)
        : thread_(std::move(thread)), handler_(std::move(handler)) {}
    ThreadEndpoint(const ThreadEndpoint&) = delete;
    ThreadEndpoint& operator=(const ThreadEndpoint&) = delete;
    ~ThreadEndpoint() override { thread_->stop(); }

    Result<> serve(posix::Fd listener) {
        std::promise<Result<>> opened;
        auto outcome = opened.get_future();
        auto handed = std::make_shared<posix::Fd>(std::move(listener));
        thread_->post([this, handed, &opened] { opened.set_value(serve_on_thread(std::move(*handed))); });
        return outcome.get();
    }

  private:
    Result<> serve_on_thread(posix::Fd listener) {
        server_ = TRY(Server::open(thread_->loop(), std::move(listener),
                                   [this](Incoming call, const Responder& responder) {
                                       responder.answer(handler_(std::move(call)));
                                   }));
        return {};
    }

    std::unique_ptr<LoopThread> thread_;
    Handler handler_;
    std::unique_ptr<Server> server_;  // after the thread: destroyed before the loop that it watches with
};

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::open(const std::string& path, Handler handler) {
    posix::Fd listener = TRY(posix::listen_unix(path, 0600));
    auto endpoint = std::make_unique<ThreadEndpoint>(TRY(LoopThread::start()), std::move(handler));
    TRY(endpoint->serve(std::move(listener)));
    return std::unique_ptr<Endpoint>(std::move(endpoint));
}

}  // namespace tare::ttrpc
