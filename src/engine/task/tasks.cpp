#include "engine/task/tasks.h"

#include "base/log.h"
#include "engine/task/bundle.h"
#include "engine/task/launch.h"
#include "engine/task/tasks_impl.h"
#include "posix/file.h"

namespace tare::task {

using namespace std::chrono_literals;

namespace {

std::vector<shimv2::Mount> wire_mounts(const std::vector<oci::Mount>& mounts) {
    std::vector<shimv2::Mount> wire;
    for (const oci::Mount& mount : mounts)
        wire.push_back({.type = mount.type,
                        .source = mount.source,
                        .target = mount.destination,
                        .options = mount.options});
    return wire;
}

shimv2::Any io_options(const CreateRequest& request) {
    shimv2::IoOptions options{.log_driver = request.log.driver,
                              .log_path = request.log.path,
                              .log_max_bytes = request.log.max_size_bytes,
                              .log_max_files = request.log.max_files,
                              .log_attributes = request.log.attributes,
                              .open_stdin = request.open_stdin,
                              .stdin_once = request.stdin_once};
    if (request.spec.process && request.spec.process->console_size) {
        options.terminal_width = request.spec.process->console_size->width;
        options.terminal_height = request.spec.process->console_size->height;
    }
    return {.type_url = std::string(shimv2::IoOptions::kType), .value = encode(options)};
}

}  // namespace

Result<std::unique_ptr<Tasks>> Tasks::open(Options options, ExitListener listener) {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(listener));
    impl->client = TRY(ttrpc::Client::start());
    return std::unique_ptr<Tasks>(new Tasks(std::move(impl)));
}

Tasks::Tasks(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tasks::~Tasks() = default;

Result<ShimRef> Tasks::Impl::find(const Key& key) {
    std::lock_guard lock(mutex);
    auto found = shims.find(key);
    if (found == shims.end()) return fail(ErrorKind::not_found, "task ", key.id, ": not found");
    return found->second;
}

Result<ShimRef> Tasks::Impl::connect(const Key& key, const std::string& bundle, const std::string& address) {
    auto connection = TRY_CONTEXT(client->connect(address), cat("connect to the shim of ", key.id));
    auto shim = std::make_shared<ShimConnection>(key, bundle, shimv2::Client(std::move(connection)));
    std::lock_guard lock(mutex);
    shims[key] = shim;
    return shim;
}

void Tasks::Impl::forget(const ShimRef& shim) {
    {
        std::lock_guard lock(shim->mutex);
        shim->is_removed = true;
    }
    std::lock_guard lock(mutex);
    auto found = shims.find(shim->key);
    if (found != shims.end() && found->second == shim) shims.erase(found);
}

Result<pid_t> Tasks::create(const Key& key, const CreateRequest& request) {
    const std::string bundle = TRY(bundle_of(impl_->options.state_directory, key));
    TRY(make_bundle(bundle, request.spec));
    auto undo = [&](Error error) {
        // What cannot be removed now is found again by recover.
        if (auto removed = remove(key); !removed)
            log::failure("undo the creation of a task", removed.error());
        return error;
    };
    auto address = launch_shim(impl_->options, key, bundle);
    if (!address) return undo(std::move(address.error()));
    auto shim = impl_->connect(key, bundle, *address);
    if (!shim) return undo(std::move(shim.error()));

    shimv2::CreateTaskRequest create;
    create.id = key.id;
    create.bundle = bundle;
    create.rootfs = wire_mounts(request.rootfs);
    create.terminal = request.spec.process && request.spec.process->terminal;
    create.options = io_options(request);
    std::vector<posix::Fd> root;
    if (request.root >= 0) {
        auto copy = posix::duplicate(request.root);
        if (!copy) return undo(std::move(copy.error()));
        root.push_back(std::move(*copy));
    }
    auto created = (*shim)->client.call(create, Deadline::after(120s), std::move(root));
    if (!created) return undo(std::move(created.error()));
    const auto pid = static_cast<pid_t>(created->pid);
    {
        std::lock_guard lock((*shim)->mutex);
        (*shim)->build = std::move(created->build);
    }
    impl_->watch(*shim, "", pid, Process::Phase::created);
    return pid;
}

Result<> Tasks::start(const Key& key) {
    ShimRef shim = TRY(impl_->find(key));
    impl_->starting(shim, "");
    shimv2::StartRequest start;
    start.id = key.id;
    auto started = impl_->call(shim, start);
    if (!started) {
        impl_->not_started(shim, "");
        return std::move(started.error());
    }
    impl_->started(shim, "", static_cast<pid_t>(started->pid));
    return {};
}

Result<> Tasks::exec(const Key& key, const std::string& exec_id, const ExecRequest& request) {
    ShimRef shim = TRY(impl_->find(key));
    TRY(write_exec_record(shim->bundle, exec_id, request.record));
    shimv2::IoOptions options{.open_stdin = request.open_stdin, .stdin_once = true};
    if (request.process.console_size) {
        options.terminal_width = request.process.console_size->width;
        options.terminal_height = request.process.console_size->height;
    }
    shimv2::ExecProcessRequest exec;
    exec.id = key.id;
    exec.exec_id = exec_id;
    exec.terminal = request.process.terminal;
    exec.spec = {.type_url = std::string(shimv2::kProcessType), .value = dump(oci::to_json(request.process))};
    exec.options = {.type_url = std::string(shimv2::IoOptions::kType), .value = encode(options)};
    auto added = impl_->call(shim, exec);
    if (!added) {
        TRY(remove_exec_files(shim->bundle, exec_id));
        return std::move(added.error());
    }
    return {};
}

Result<pid_t> Tasks::start_exec(const Key& key, const std::string& exec_id) {
    ShimRef shim = TRY(impl_->find(key));
    impl_->watch(shim, exec_id, 0, Process::Phase::starting);
    shimv2::StartRequest start;
    start.id = key.id;
    start.exec_id = exec_id;
    auto started = impl_->call(shim, start);
    if (!started) {
        impl_->not_started(shim, exec_id);
        return std::move(started.error());
    }
    const auto pid = static_cast<pid_t>(started->pid);
    impl_->started(shim, exec_id, pid);
    return pid;
}

Result<> Tasks::remove_exec(const Key& key, const std::string& exec_id) {
    ShimRef shim = TRY(impl_->find(key));
    shimv2::DeleteRequest request;
    request.id = key.id;
    request.exec_id = exec_id;
    auto removed = impl_->call(shim, request);
    if (!removed && !removed.error().is(ErrorKind::not_found)) return std::move(removed.error());
    std::lock_guard lock(shim->mutex);
    shim->processes.erase(exec_id);
    return {};
}

Result<> Tasks::record_exec(const Key& key, const std::string& exec_id, const std::string& record) {
    const std::string bundle = TRY(bundle_of(impl_->options.state_directory, key));
    return write_exec_record(bundle, exec_id, record);
}

Result<> Tasks::forget_exec(const Key& key, const std::string& exec_id) {
    const std::string bundle = TRY(bundle_of(impl_->options.state_directory, key));
    if (!posix::exists(bundle)) return {};
    return remove_exec_files(bundle, exec_id);
}

Result<> Tasks::remove(const Key& key) {
    const std::string bundle = TRY(bundle_of(impl_->options.state_directory, key));
    auto shim = impl_->find(key);
    if (!shim) {
        if (!posix::exists(bundle)) return {};
        // A shim that was never reached, or half a bundle.
        TRY(clean_up_after_shim(impl_->options, key, bundle));
        return posix::remove_tree(bundle);
    }
    shimv2::DeleteRequest request;
    request.id = key.id;
    auto removed = impl_->call(*shim, request);
    const bool is_gone = !removed && removed.error().is(ErrorKind::unavailable);
    if (!removed && !is_gone && !removed.error().is(ErrorKind::not_found)) return std::move(removed.error());
    impl_->forget(*shim);
    if (is_gone) {
        TRY(clean_up_after_shim(impl_->options, key, bundle));
    } else {
        shimv2::ShutdownRequest shutdown;
        shutdown.id = key.id;
        // The shim may close the connection before it answers, which is what was asked for.
        (void)impl_->call(*shim, shutdown, 10s);
    }
    return posix::remove_tree(bundle);
}

}  // namespace tare::task
