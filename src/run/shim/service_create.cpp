#include "base/log.h"
#include "posix/file.h"
#include "run/shim/service.h"

namespace tare::shim {

namespace {

constexpr std::size_t kSpecLimit = std::size_t{8} << 20;

/// Ours or runc's; neither asks for nothing.
Result<shimv2::IoOptions> io_options_of(const shimv2::Any& any) {
    if (any.is(shimv2::IoOptions::kType)) return shimv2::decode<shimv2::IoOptions>(any.value);
    shimv2::IoOptions options;
    if (!any.is(shimv2::RuncOptions::kType)) return options;
    auto runc = TRY(shimv2::decode<shimv2::RuncOptions>(any.value));
    options.no_pivot_root = runc.no_pivot_root;
    options.no_new_keyring = runc.no_new_keyring;
    if (runc.systemd_cgroup)
        return fail(ErrorKind::failed_precondition, "options: SystemdCgroup: tare manages cgroups by itself")
            .set_hint("configure the cgroupfs driver");
    // Another runtime and its root have no meaning where the runtime is in process.
    if (!runc.binary_name.empty())
        log::warning("options: BinaryName is passed over", {{"name", runc.binary_name}});
    return options;
}

Result<std::unique_ptr<Streams>> make_streams(posix::EventLoop& loop, const shimv2::IoOptions& io,
                                              bool has_terminal) {
    auto streams = std::make_unique<Streams>(
        loop, Streams::Options{
                  .has_terminal = has_terminal, .open_stdin = io.open_stdin, .stdin_once = io.stdin_once});
    if (io.log_driver == "json-file")
        TRY(streams->open_log({.path = io.log_path,
                               .max_bytes = io.log_max_bytes,
                               .max_files = io.log_max_files,
                               .attributes = io.log_attributes}));
    else if (!io.log_driver.empty() && io.log_driver != "none")
        return fail(ErrorKind::invalid_argument, "log driver ", quote(io.log_driver), " is not known")
            .set_hint("json-file and none are");
    return streams;
}

std::vector<oci::Mount> root_mounts_of(const std::vector<shimv2::Mount>& mounts) {
    std::vector<oci::Mount> out;
    for (auto& mount : mounts)
        out.push_back({.destination = mount.target,
                       .type = mount.type,
                       .source = mount.source,
                       .options = mount.options});
    return out;
}

}  // namespace

Result<> Service::make_container(Container& container, const shimv2::CreateTaskRequest& request, int root) {
    auto io = TRY(io_options_of(request.options));
    Process& init = container.init;
    init.has_terminal = request.terminal;
    init.stdin_path = request.stdin_path;
    init.stdout_path = request.stdout_path;
    init.stderr_path = request.stderr_path;
    init.streams = TRY(make_streams(*loop_, io, request.terminal));
    TRY(init.streams->open_paths(request.stdin_path, {.out = request.stdout_path,
                                                      .error = request.stderr_path,
                                                      .container_id = container.id,
                                                      .name_space = options_.name_space}));
    std::string text = TRY(posix::read_file(container.bundle + "/config.json", kSpecLimit));
    runtime::CreateOptions options{
        .root = container.runtime_root, .id = container.id, .bundle = container.bundle};
    options.seccomp_cache = options_.seccomp_cache;
    options.spec = TRY(oci::parse_runtime_spec(text));
    options.root_mounts = root_mounts_of(request.rootfs);
    options.first_root_mount = root;
    if (!options.root_mounts.empty()) TRY(posix::make_directories(container.bundle + "/rootfs", 0711));
    if (options.spec.process) {
        oci::Process& process = *options.spec.process;
        process.terminal = request.terminal;
        if (!process.oom_score_adj) process.oom_score_adj = options_.oom_score_adj;
        if (io.terminal_width > 0)
            process.console_size = {.height = static_cast<std::uint16_t>(io.terminal_height),
                                    .width = static_cast<std::uint16_t>(io.terminal_width)};
    }
    if (io.no_pivot_root) options.root_change = runtime::CreateOptions::Root::chroot;
    if (io.no_new_keyring) options.keyring = runtime::CreateOptions::Keyring::inherited;
    options.stdio = TRY(init.streams->make_ends());
    container.has_own_pids = options.spec.linux_section.find(oci::NamespaceKind::pid) != nullptr;
    auto created = TRY(runtime::create(options));
    init.pid = created.state.pid;
    container.group = cgroup::Cgroup::open(created.state.cgroup_paths);
    auto begun = init.streams->begin(std::move(created.console));
    // Nobody would ever serve it.
    if (!begun) TRY(runtime::destroy(container.runtime_root, created.state));
    return begun;
}

Result<shimv2::CreateTaskResponse> Service::create(const shimv2::CreateTaskRequest& request,
                                                   std::vector<posix::Fd> descriptors) {
    TRY(runtime::check_id(request.id));
    if (containers_.contains(request.id))
        return fail(ErrorKind::already_exists, "container ", quote(request.id), " exists already");
    if (!request.checkpoint.empty()) return fail(ErrorKind::unimplemented, "restore from a checkpoint");
    if (!request.bundle.starts_with('/'))
        return fail(ErrorKind::invalid_argument, "bundle ", quote(request.bundle), " is no absolute path");
    if (descriptors.size() > std::min<std::size_t>(1, request.rootfs.size()))
        return fail(ErrorKind::invalid_argument, "create: more descriptors than root mounts");
    auto container = std::make_unique<Container>();
    container->id = request.id;
    container->bundle = request.bundle;
    container->runtime_root = runtime_root_of(request.bundle);
    TRY(make_container(*container, request, descriptors.empty() ? -1 : descriptors.front().get()));
    watch_memory(*container);
    std::uint32_t pid = static_cast<std::uint32_t>(container->init.pid);
    containers_.emplace(request.id, std::move(container));
    publisher_.publish(shimv2::TaskCreate{.container_id = request.id,
                                          .bundle = request.bundle,
                                          .rootfs = request.rootfs,
                                          .io = {.stdin_path = request.stdin_path,
                                                 .stdout_path = request.stdout_path,
                                                 .stderr_path = request.stderr_path,
                                                 .terminal = request.terminal},
                                          .pid = pid});
    return shimv2::CreateTaskResponse{.pid = pid, .build = options_.build};
}

Result<shimv2::StartResponse> Service::start(const shimv2::StartRequest& request) {
    Container& container = *TRY(find(request.id));
    Process& process = *TRY(find_process(container, request.exec_id));
    if (process.phase != Process::Phase::created)
        return fail(ErrorKind::failed_precondition, "start ", quote(request.id),
                    ": the process was started already");
    if (!request.exec_id.empty()) return start_exec(container, process);
    auto state = TRY(runtime::load_state(container.runtime_root, container.id));
    TRY(runtime::start(container.runtime_root, state));
    process.phase = Process::Phase::running;
    auto pid = static_cast<std::uint32_t>(process.pid);
    publisher_.publish(shimv2::TaskStart{.container_id = container.id, .pid = pid});
    return shimv2::StartResponse{.pid = pid};
}

void Service::watch_memory(Container& container) {
    auto watch = cgroup::OomWatch::open(container.group);
    // A machine without the controller has no limit that could be hit.
    if (!watch) return log::failure("out of memory is not watched", watch.error(), log::Level::debug);
    container.oom_watch = std::move(*watch);
    auto watched =
        loop_->watch(container.oom_watch->descriptor(), posix::Interest::readable,
                     [this, raw = &container](const posix::Epoll::Event&) { on_out_of_memory(*raw); });
    if (!watched) log::failure("out of memory is not watched", watched.error());
}

void Service::on_out_of_memory(Container& container) {
    if (!container.oom_watch) return;
    auto kills = container.oom_watch->take_kills();
    if (!kills || *kills == 0) return;
    container.was_out_of_memory = true;
    publisher_.publish(shimv2::TaskOom{.container_id = container.id});
}

}  // namespace tare::shim
