#include "wire/http/server.h"

#include "posix/watch.h"
#include "wire/http/server_loop.h"

namespace tare::http {

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(const ServerOptions& options, Handler handler) {
    posix::Epoll epoll = TRY(posix::Epoll::open());
    posix::Fd wake = TRY(posix::make_event());
    TRY(epoll.add(wake.get(), posix::Interest::readable, 0));
    auto impl = std::make_unique<Impl>(options, std::move(handler), std::move(epoll), std::move(wake));
    impl->start();
    return Server(std::move(impl));
}

Result<> Server::listen(posix::Fd listener) {
    return impl_->listen(std::move(listener));
}

Result<> Server::adopt(posix::Fd connection) {
    return impl_->adopt(std::move(connection));
}

Result<> Server::stop(Deadline deadline) {
    return impl_->stop(deadline);
}

Server::Load Server::load() const {
    return impl_->load();
}

}  // namespace tare::http
