#include "wire/ttrpc/client.h"

#include <atomic>
#include <future>

#include "posix/socket.h"
#include "wire/ttrpc/caller.h"
#include "wire/ttrpc/loop_thread.h"

namespace tare::ttrpc {

namespace {

Error lost() {
    return fail(ErrorKind::unavailable, "ttrpc: the connection is lost");
}

/// What the owners of a connection and the epoll thread share. All but the atomic belongs to the thread.
struct Shared {
    std::unique_ptr<Caller> caller;
    std::vector<std::function<void()>> listeners;
    std::atomic<bool> is_open = true;
    std::atomic<bool> is_given_up = false;  ///< by its owner, while calls may still be on their way here
};

/// On the thread: tells the listeners, and destroys the caller once it no longer runs.
void bury(posix::EventLoop& loop, const std::shared_ptr<Shared>& shared) {
    shared->is_open = false;
    for (auto& listener : std::exchange(shared->listeners, {}))
        listener();
    loop.defer([shared] { shared->caller.reset(); });
}

class LoopConnection final : public Connection {
  public:
    LoopConnection(std::shared_ptr<LoopThread> thread, std::shared_ptr<Shared> shared)
        : thread_(std::move(thread)), shared_(std::move(shared)) {}
    LoopConnection(const LoopConnection&) = delete;
    LoopConnection& operator=(const LoopConnection&) = delete;
    ~LoopConnection() override {
        shared_->is_given_up = true;
        shared_->is_open = false;
        auto& loop = thread_->loop();
        bool is_posted = thread_->post([shared = shared_, &loop] {
            shared->listeners.clear();
            loop.defer([shared] { shared->caller.reset(); });
        });
        // The thread is ending, and perhaps just inside the caller: this may be one of its own callbacks.
        if (!is_posted) thread_->keep(std::move(shared_));
    }

    void call_async(Call call, Callback done, Deadline deadline) override {
        auto work = std::make_shared<Call>(std::move(call));
        bool is_posted = thread_->post([shared = shared_, work, done, deadline] {
            if (shared->is_given_up)
                return done(fail(ErrorKind::cancelled, "ttrpc: the connection was given up"));
            if (!shared->caller || !shared->is_open) return done(lost());
            shared->caller->call(std::move(*work), done, deadline);
        });
        if (!is_posted) done(lost());
    }

    bool is_open() const override { return shared_->is_open; }

    void on_lost(std::function<void()> callback) override {
        bool is_posted = thread_->post([shared = shared_, callback] {
            if (shared->is_open)
                shared->listeners.push_back(callback);
            else
                callback();
        });
        if (!is_posted) callback();
    }

  private:
    std::shared_ptr<LoopThread> thread_;  // stopped by the Client, at the latest
    std::shared_ptr<Shared> shared_;
};

class LoopClient final : public Client {
  public:
    explicit LoopClient(std::shared_ptr<LoopThread> thread) : thread_(std::move(thread)) {}
    LoopClient(const LoopClient&) = delete;
    LoopClient& operator=(const LoopClient&) = delete;
    ~LoopClient() override {
        thread_->post([this] {
            for (auto& each : connections_)
                if (auto shared = each.lock(); shared && shared->caller) shared->caller->lose(lost());
        });
        thread_->stop();
    }

    Result<std::shared_ptr<Connection>> connect(const std::string& address) override {
        constexpr std::string_view scheme = "unix://";
        std::string path = address.starts_with(scheme) ? address.substr(scheme.size()) : address;
        posix::Fd socket = TRY(posix::connect_unix(path));
        auto shared = std::make_shared<Shared>();
        auto handed = std::make_shared<posix::Fd>(std::move(socket));
        std::promise<Result<>> opened;
        auto outcome = opened.get_future();
        bool is_posted = thread_->post([this, shared, handed, &opened] {
            opened.set_value(open_on_thread(shared, std::move(*handed)));
        });
        if (!is_posted) return lost();
        TRY(outcome.get());
        return std::shared_ptr<Connection>(std::make_shared<LoopConnection>(thread_, std::move(shared)));
    }

  private:
    Result<> open_on_thread(const std::shared_ptr<Shared>& shared, posix::Fd socket) {
        std::weak_ptr<Shared> weak = shared;
        auto& loop = thread_->loop();
        shared->caller = TRY(Caller::open(loop, std::move(socket), [weak, &loop] {
            if (auto alive = weak.lock()) bury(loop, alive);
        }));
        std::erase_if(connections_, [](auto& each) { return each.expired(); });
        connections_.push_back(weak);
        return {};
    }

    std::shared_ptr<LoopThread> thread_;
    std::vector<std::weak_ptr<Shared>> connections_;  // belongs to the thread
};

}  // namespace

Reply Connection::call(Call call, Deadline deadline) {
    // Shared with the callback, which outlives this frame by an instant when it sets the value.
    auto answered = std::make_shared<std::promise<Reply>>();
    auto reply = answered->get_future();
    call_async(
        std::move(call), [answered](Reply outcome) { answered->set_value(std::move(outcome)); }, deadline);
    return reply.get();
}

Result<std::unique_ptr<Client>> Client::start() {
    std::shared_ptr<LoopThread> thread = TRY(LoopThread::start());
    return std::unique_ptr<Client>(std::make_unique<LoopClient>(std::move(thread)));
}

}  // namespace tare::ttrpc
