#include "engine/supervisor/supervisor.h"

#include "base/log.h"
#include "engine/supervisor/supervisor_impl.h"

namespace tare::supervisor {

using namespace std::chrono_literals;

namespace {
/// Exits draw their consequences here; a start or stop that holds a container's lock keeps one thread.
constexpr int kThreads = 8;
/// Longer than any verb takes with a shim that does not answer.
constexpr auto kLockPatience = 5min;
}  // namespace

Supervisor::Impl::Impl(const Parts& parts_) : parts(parts_), schedule(kThreads) {}

Supervisor::Supervisor(const Parts& parts) : impl_(std::make_unique<Impl>(parts)) {}

Supervisor::~Supervisor() {
    shut_down();
}

void Supervisor::shut_down() {
    {
        std::lock_guard lock(impl_->mutex);
        impl_->is_shutting_down = true;
        impl_->changed.notify_all();
    }
    impl_->schedule.stop();
}

std::vector<std::string> Supervisor::under_other_shims() const {
    std::vector<std::string> ids;
    for (const task::Key& task : impl_->parts.tasks.under_other_shims())
        if (task.name_space == impl_->parts.space) ids.push_back(task.id);
    return ids;
}

void Supervisor::on_exit(const task::Exit& exit) {
    {
        std::lock_guard lock(impl_->mutex);
        if (impl_->is_recovering) {
            impl_->early_exits.push_back(exit);
            return;
        }
    }
    impl_->schedule.run([impl = impl_.get(), exit] { impl->handle_exit(exit); });
}

Result<ContainerRef> Supervisor::Impl::find(const std::string& name_or_id) {
    return parts.containers.find(parts.space, name_or_id);
}

Result<ContainerRef> Supervisor::Impl::current(const std::string& id) {
    ContainerRef container = parts.containers.get(row(id));
    if (!container) return fail(ErrorKind::not_found, "No such container: ", id);
    return container;
}

Result<LifeCycleLock> Supervisor::Impl::lock(const Container& container) {
    return parts.containers.lock(row(container.id), Deadline::after(kLockPatience));
}

LiveRef Supervisor::Impl::live(const std::string& id) {
    std::lock_guard lock(mutex);
    LiveRef& entry = lives[id];
    if (!entry) entry = std::make_shared<Live>();
    return entry;
}

Result<ContainerRef> Supervisor::Impl::change_state(
    const std::string& id, const std::function<void(container::ContainerState&)>& change,
    container::Keep keep) {
    return parts.containers.update(row(id), [&](Container& container) { change(container.state); }, keep);
}

void forget_network(container::NetworkSettings& settings) {
    settings.sandbox_id.clear();
    settings.sandbox_key.clear();
    settings.ports.clear();
    for (auto& [name, endpoint] : settings.networks) {
        endpoint.endpoint_id.clear();
        endpoint.gateway.clear();
        endpoint.ip_address.clear();
        endpoint.ip_prefix_length = 0;
        endpoint.mac_address.clear();
    }
}

Result<> check_runs(const Container& container) {
    if (container.state.status == container::Status::paused)
        return fail(ErrorKind::failed_precondition, "Container ", container.name,
                    " is paused, unpause the container before exec");
    if (container.state.status != container::Status::running)
        return fail(ErrorKind::failed_precondition, "container ", container.id, " is not running");
    return {};
}

}  // namespace tare::supervisor
