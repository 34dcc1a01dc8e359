#include "base/log.h"
#include "engine/container/links.h"
#include "engine/container/validate.h"
#include "engine/network/container_files.h"
#include "engine/supervisor/creation.h"
#include "engine/supervisor/endpoints.h"
#include "engine/supervisor/log_target.h"
#include "engine/supervisor/ports.h"
#include "engine/supervisor/supervisor_impl.h"
#include "engine/volume/volumes.h"
#include "image/snapshot/snapshotter.h"
#include "image/transfer/images.h"
#include "posix/file.h"
#include "store/hold.h"

namespace tare::supervisor {

namespace {

/// The image, if it runs on what was asked for.
Result<transfer::ResolvedImage> find_image(transfer::Images& images, const std::string& space,
                                           const std::string& name, const std::string& platform) {
    auto image = TRY(images.resolve(space, name));
    if (platform.empty()) return image;
    const oci::Platform wanted = TRY(oci::parse_platform(platform));
    if (!oci::match(wanted, image.config.platform))
        return fail(ErrorKind::not_found, "image with reference ", name,
                    " was found but does not provide the specified platform (", wanted.text(), ")");
    return image;
}

Result<> check_request(const container::Config& config, const container::HostConfig& host_config) {
    const bool has_command =
        (config.entrypoint && !config.entrypoint->empty()) || (config.command && !config.command->empty());
    if (!has_command) return fail(ErrorKind::invalid_argument, "no command specified");
    TRY(parse_restart_policy(host_config.restart_policy.name,
                             host_config.restart_policy.maximum_retry_count));
    TRY(container::check_restart_policy(host_config.restart_policy, host_config.auto_remove));
    TRY(check_log_options(host_config.log));
    TRY(plan_ports(config, host_config));
    if (config.healthcheck && !config.healthcheck->test.empty())
        TRY(probe_command(config.healthcheck->test, config.shell));
    return {};
}

Result<> check_mounts(const Container& container) {
    for (const container::MountPoint& mount : container.mount_points) {
        if (mount.type == "image")
            return fail(ErrorKind::unimplemented, "mounts of type image are not served yet");
        if (mount.type == "bind" && !mount.creates_source && !posix::exists(mount.source))
            return fail(
                ErrorKind::invalid_argument,
                "invalid mount config for type \"bind\": bind source path does not exist: ", mount.source);
    }
    return {};
}

/// The machine may have been renamed since the daemon began, so its facts are not asked.
Result<> take_name_of_host(Container& container) {
    const container::HostConfig& host_config = container.host_config;
    const bool is_hosts = host_config.network_mode == "host" || host_config.uts_mode == "host";
    if (is_hosts && container.config.hostname.empty())
        container.config.hostname = trim(TRY(posix::read_file("/proc/sys/kernel/hostname", 4096)));
    return {};
}

void name_files(Container& container, const std::string& containers_directory) {
    container.directory = cat(containers_directory, "/", container.id);
    container.hostname_path = container.directory + "/hostname";
    container.hosts_path = container.directory + "/hosts";
    container.resolv_conf_path = container.directory + "/resolv.conf";
    const std::string& driver = container.host_config.log.type;
    if (driver == "json-file" || driver == "local")
        container.log_path = cat(container.directory, "/", container.id, "-json.log");
}

}  // namespace

/// DESIGN section 5, "run", as far as nothing runs yet.
Result<Created> Supervisor::create(const CreateRequest& request) {
    const Parts& parts = impl_->parts;
    Container container;
    container.space = parts.space;
    container.id = TRY(container::generate_id());
    container.created = now();
    container.config = request.body.config;
    container.host_config = request.body.host_config;
    const auto image = TRY(find_image(parts.images, parts.space, container.config.image, request.platform));
    container::merge_image_config(container.config, image.config);
    fill_log_config(container.host_config.log, parts.default_log);
    TRY(take_name_of_host(container));
    TRY(container::adapt(container.config, container.host_config, container.id, parts.host));
    Created created;
    created.id = container.id;
    created.warnings = TRY(container::check(container.config, container.host_config, parts.host));
    TRY(check_request(container.config, container.host_config));
    container.host_config.links =
        TRY(container::resolve_links(parts.containers, parts.space, container.host_config.links));
    TRY(take_endpoints(container.config, container.host_config, request.body.networking.endpoints));
    TRY(network::check_nameservers(container.host_config.dns));
    // Only now: who joins another's network may not have asked for a name, and gets the other's at start.
    if (container.config.hostname.empty()) container.config.hostname = container.short_id();
    auto name = TRY(parts.containers.reserve_name(parts.space, request.name));
    container.name = name.name();

    container.image_name = container.config.image;
    container.image_id = image.id().text();
    container.image_manifest_digest = image.manifest_descriptor.digest.text();
    container.platform = "linux";
    container.runtime =
        container.host_config.runtime.empty() ? parts.host.default_runtime : container.host_config.runtime;
    container.network_settings.networks = request.body.networking.endpoints;
    container.mount_points = TRY(impl_->plan_mounts(container));
    TRY(check_mounts(container));
    name_files(container, parts.containers_directory);

    Creation creation(parts, container);
    TRY(creation.make_directory());
    TRY(creation.make_snapshot(image));
    TRY(creation.make_volumes());
    ContainerRef stored = TRY(parts.containers.create(container, std::move(name)));
    creation.keep();
    impl_->publish(*stored, "create");
    return created;
}

Result<std::vector<container::MountPoint>> Supervisor::Impl::plan_mounts(const Container& container) {
    return container::plan_mount_points(
        container.config, container.host_config,
        [this](const std::string& reference) -> Result<Container> { return *TRY(find(reference)); });
}

}  // namespace tare::supervisor
