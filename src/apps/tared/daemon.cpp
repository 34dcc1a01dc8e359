#include "apps/tared/daemon.h"

#include "api/docker/service.h"
#include "apps/tared/directories.h"
#include "apps/tared/embedded_image.h"
#include "apps/tared/sockets.h"
#include "base/log.h"
#include "base/sha256.h"
#include "engine/container/apparmor.h"
#include "engine/container/containers.h"
#include "engine/event/bus.h"
#include "engine/gc/collector.h"
#include "engine/network/networks.h"
#include "engine/supervisor/parts.h"
#include "engine/supervisor/supervisor.h"
#include "engine/task/tasks.h"
#include "engine/volume/volumes.h"
#include "image/content/store.h"
#include "image/registry/registry.h"
#include "image/snapshot/native.h"
#include "image/snapshot/overlay.h"
#include "image/transfer/images.h"
#include "posix/file.h"
#include "run/task/events_endpoint.h"
#include "store/hold.h"
#include "wire/http/server.h"

namespace tare::tared {

using namespace std::chrono_literals;

/// Members are destroyed from the last to the first: what is used stands above what uses it.
struct Daemon::Rooms {
    Config config;
    bool is_debug = false;
    std::string instance;
    std::string daemon_id;
    DirectoryLocks locks;
    container::HostFacts host;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<content::Store> content;
    std::unique_ptr<snapshot::Snapshotter> snapshotter;
    std::unique_ptr<registry::Registry> registry;
    std::unique_ptr<transfer::Images> images;
    std::unique_ptr<gc::Collector> collector;
    std::unique_ptr<event::Bus> bus;
    std::unique_ptr<network::Networks> networks;
    std::unique_ptr<volume::Volumes> volumes;
    std::unique_ptr<container::Containers> containers;
    /// Declared before the tasks, which tell it of exits, and set after them.
    std::unique_ptr<supervisor::Supervisor> supervisor;
    std::unique_ptr<task::Tasks> tasks;
    std::unique_ptr<shimv2::EventsEndpoint> shim_events;
    std::unique_ptr<docker::Service> docker;
    std::optional<http::Server> server;

    Result<> open_store();
    Result<> open_images();
    Result<> open_engine();
    Result<> open_faces();
    Result<> recover();
};

namespace {

Result<std::unique_ptr<snapshot::Snapshotter>> open_snapshots(const Config& config,
                                                              store::Database& database) {
    const std::string directory = config.root + "/snapshots";
    TRY(posix::make_directories(directory, 0700));
    switch (config.snapshots) {
        case Snapshots::overlay:
            return snapshot::open_overlay(directory + "/overlay", database);
        case Snapshots::native:
            return snapshot::open_native(directory + "/native", database);
        case Snapshots::automatic:
            break;
    }
    return snapshot::open_best(directory, database);
}

/// A profile that cannot be loaded is named all the same: containers are then refused by the kernel, rather
/// than run with less than users of AppArmor count on.
void confine_by_default(container::HostFacts& host) {
    if (!host.has_apparmor) return;
    auto loaded = container::load_default_apparmor_profile();
    if (!loaded && loaded.error().kind() == ErrorKind::not_found) {
        log::warning("AppArmor is enabled, but containers run without a profile unless one is named",
                     {{"error", loaded.error().message()}});
        return;
    }
    host.apparmor_profile = container::kDefaultAppArmorProfile;
    if (!loaded)
        log::error("the default AppArmor profile cannot be loaded: no container starts that names none",
                   {{"profile", host.apparmor_profile}, {"error", loaded.error().message()}});
}

registry::RegistryOptions registry_options(const Config& config) {
    registry::RegistryOptions options;
    if (!config.registry_certs.empty()) options.hosts.directories = config.registry_certs;
    options.hosts.insecure_registries = config.insecure_registries;
    options.hosts.registry_mirrors = config.registry_mirrors;
    options.trusted_realms = config.trusted_realms;
    options.user_agent = "tare/" TARE_VERSION;
    return options;
}

Result<network::NetworksConfig> networks_config(const Config& config, const std::string& instance) {
    network::NetworksConfig networks{
        .state_directory = config.state, .instance = instance, .mtu = config.mtu};
    for (const std::string& text : config.address_pools) {
        auto pool = network::Subnet::parse(text);
        if (!pool) return fail(ErrorKind::invalid_argument, "network.pools: ", quote(text), " is no subnet");
        networks.pools.push_back(*pool);
    }
    if (config.bridge_address.empty()) return networks;
    networks.default_bridge = network::Subnet::parse(config.bridge_address);
    if (!networks.default_bridge)
        return fail(ErrorKind::invalid_argument, "network.bridge: ", quote(config.bridge_address),
                    " is no address with a prefix length");
    return networks;
}

}  // namespace

std::string instance_name(const std::string& state_directory) {
    if (state_directory == "/run/tare") return "tare";
    return cat("tare-", sha256(state_directory).hex().substr(0, 6));
}

Daemon::Daemon(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::open(const Config& config, bool is_debug) {
    auto rooms = std::make_unique<Rooms>();
    rooms->config = config;
    rooms->is_debug = is_debug;
    rooms->instance = instance_name(config.state);
    TRY(take_directories(config.root, config.state, rooms->locks));
    TRY(rooms->open_store());
    TRY(rooms->open_images());
    TRY(rooms->open_engine());
    TRY(rooms->recover());
    TRY(rooms->open_faces());
    return std::unique_ptr<Daemon>(new Daemon(std::move(rooms)));
}

Result<> Daemon::Rooms::open_store() {
    database = TRY(store::Database::open(config.root + "/tare.db"));
    TRY(store::expire_left_holds(*database));
    content = TRY(content::Store::open(config.root + "/content", *database));
    snapshotter = TRY(open_snapshots(config, *database));
    return {};
}

Result<> Daemon::Rooms::open_images() {
    registry = std::make_unique<registry::Registry>(registry_options(config));
    images = std::make_unique<transfer::Images>(transfer::Parts{.database = *database,
                                                                .content = *content,
                                                                .snapshotter = *snapshotter,
                                                                .registry = *registry,
                                                                .worker = layer::own_worker(),
                                                                .embedded = embedded_image()});
    gc::CollectorOptions options;
    options.file_removers = {
        [this]() -> Result<> {
            TRY(content->remove_unreferenced_files());
            return {};
        },
        [this] { return snapshotter->cleanup(); },
    };
    collector = std::make_unique<gc::Collector>(*database, std::move(options));
    return {};
}

Result<> Daemon::Rooms::open_engine() {
    host = container::read_host_facts();
    confine_by_default(host);
    host.cgroup_parent = "/" + instance;
    if (auto init = program_beside_us("tare-init")) host.init_binary = *init;
    bus = std::make_unique<event::Bus>();
    networks = TRY(network::Networks::open(TRY(networks_config(config, instance)), *database));
    volumes = TRY(volume::Volumes::open(config.root + "/volumes", *database));
    containers = TRY(container::Containers::open(*database));
    const std::string events_path = config.state + "/tared.sock.ttrpc";
    std::string shim_program = TRY(program_beside_us("tare-shim"));
    tasks = TRY(task::Tasks::open({.state_directory = config.state,
                                   .shim_program = std::move(shim_program),
                                   .events_address = events_path,
                                   .containerd_address = config.state + "/tared.sock",
                                   .debug = is_debug},
                                  [this](const task::Exit& exit) { supervisor->on_exit(exit); }));
    supervisor = std::make_unique<supervisor::Supervisor>(supervisor::Parts{
        .database = *database,
        .images = *images,
        .snapshotter = *snapshotter,
        .networks = *networks,
        .volumes = *volumes,
        .containers = *containers,
        .events = *bus,
        .tasks = *tasks,
        .host = host,
        .space = config.name_space,
        .containers_directory = config.root + "/containers",
        .default_log = {.type = config.container_log_driver, .config = config.container_log_options},
        .collect_soon = [this] { collector->trigger(); }});
    shim_events = TRY(shimv2::EventsEndpoint::open(events_path, [this](const shimv2::Envelope& envelope) {
        if (envelope.topic != shimv2::TaskOom::kTopic) return;
        if (auto event = shimv2::decode<shimv2::TaskOom>(envelope.event.value))
            supervisor->on_out_of_memory(event->container_id);
    }));
    return {};
}

Result<> Daemon::Rooms::recover() {
    TRY(supervisor->recover());
    collector->start([](const gc::Collection& collection) {
        log::info("garbage collected", {{"content", cat(collection.content)},
                                        {"snapshots", cat(collection.snapshots)},
                                        {"ingests", cat(collection.ingests)}});
    });
    collector->trigger();
    return {};
}

Result<> Daemon::Rooms::open_faces() {
    daemon_id = TRY(engine_id(config.root));
    docker = std::make_unique<docker::Service>(
        docker::Parts{.supervisor = *supervisor,
                      .containers = *containers,
                      .images = *images,
                      .registry = *registry,
                      .content = *content,
                      .snapshotter = *snapshotter,
                      .networks = *networks,
                      .volumes = *volumes,
                      .bus = *bus,
                      .host = host,
                      .worker = layer::own_worker(),
                      .name_space = config.name_space,
                      .version = TARE_VERSION,
                      .root_directory = config.root,
                      .daemon_id = daemon_id,
                      .logging_driver = config.container_log_driver,
                      .started = now(),
                      .collect_garbage = [this]() -> std::uint64_t {
                          auto collected = collector->collect();
                          if (!collected) log::failure("collect garbage", collected.error());
                          return collected ? collected->freed_bytes : 0;
                      },
                      .is_debug = is_debug});
    server.emplace(
        TRY(http::Server::start({}, [this](http::ServerExchange& exchange) { docker->serve(exchange); })));
    return {};
}

Result<> Daemon::serve() {
    for (posix::Fd& socket : TRY(listening_sockets(rooms_->config)))
        TRY(rooms_->server->listen(std::move(socket)));
    return {};
}

void Daemon::reload(const Config& config) {
    registry::RegistryOptions options = registry_options(config);
    rooms_->registry->set_hosts(std::move(options.hosts), std::move(options.trusted_realms));
    event::Event event{.name_space = rooms_->config.name_space, .type = "daemon", .action = "reload"};
    event.actor = rooms_->daemon_id;
    event.attributes = {{"name", rooms_->host.hostname},
                        {"insecure-registries", dump(Json(config.insecure_registries))},
                        {"registry-mirrors", dump(Json(config.registry_mirrors))}};
    rooms_->bus->publish(std::move(event));
}

void Daemon::shut_down() {
    rooms_->bus->close();
    // First, so that requests that wait for a container come back.
    rooms_->supervisor->shut_down();
    if (auto stopped = rooms_->server->stop(Deadline::after(5s)); !stopped)
        log::failure("end the requests in progress", stopped.error(), log::Level::warning);
    rooms_->collector->stop();
    // No exit is told to a supervisor that is gone: the next daemon asks for them.
    rooms_->shim_events.reset();
    rooms_->tasks.reset();
}

}  // namespace tare::tared
