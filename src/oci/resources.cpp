#include "oci/resources.h"

namespace tare::oci {

namespace {

Result<DeviceRule> parse_device_rule(const JsonView& view) {
    DeviceRule rule;
    rule.allow = TRY(view.boolean_or("allow", false));
    auto type = TRY(view.string_or("type", "a"));
    if (type.empty()) type = "a";
    // "u" is a character device by another name (mknod(1)).
    if (type != "a" && type != "b" && type != "c" && type != "u")
        return view.error("type must be a, b, c or u");
    rule.type = type == "u" ? 'c' : type[0];
    // -1 is the older way to say "every number".
    auto number = [&](std::string_view key) -> Result<std::optional<std::int64_t>> {
        auto value = TRY(view.optional_integer<std::int64_t>(key));
        return value && *value >= 0 ? value : std::nullopt;
    };
    rule.major = TRY(number("major"));
    rule.minor = TRY(number("minor"));
    rule.access = TRY(view.string_or("access", ""));
    if (rule.access.find_first_not_of("rwm") != std::string::npos)
        return view.error("access may hold only r, w, m");
    return rule;
}

Result<MemoryResources> parse_memory(const JsonView& view) {
    MemoryResources memory;
    memory.limit = TRY(view.optional_integer<std::int64_t>("limit"));
    memory.reservation = TRY(view.optional_integer<std::int64_t>("reservation"));
    memory.swap = TRY(view.optional_integer<std::int64_t>("swap"));
    memory.kernel = TRY(view.optional_integer<std::int64_t>("kernel"));
    memory.kernel_tcp = TRY(view.optional_integer<std::int64_t>("kernelTCP"));
    memory.swappiness = TRY(view.optional_integer<std::uint64_t>("swappiness"));
    memory.disable_oom_killer = TRY(view.optional_boolean("disableOOMKiller"));
    memory.use_hierarchy = TRY(view.optional_boolean("useHierarchy"));
    memory.check_before_update = TRY(view.optional_boolean("checkBeforeUpdate"));
    return memory;
}

Result<CpuResources> parse_cpu(const JsonView& view) {
    CpuResources cpu;
    cpu.shares = TRY(view.optional_integer<std::uint64_t>("shares"));
    cpu.quota = TRY(view.optional_integer<std::int64_t>("quota"));
    cpu.burst = TRY(view.optional_integer<std::uint64_t>("burst"));
    cpu.period = TRY(view.optional_integer<std::uint64_t>("period"));
    cpu.realtime_runtime = TRY(view.optional_integer<std::int64_t>("realtimeRuntime"));
    cpu.realtime_period = TRY(view.optional_integer<std::uint64_t>("realtimePeriod"));
    cpu.idle = TRY(view.optional_integer<std::int64_t>("idle"));
    cpu.cpus = TRY(view.string_or("cpus", ""));
    cpu.mems = TRY(view.string_or("mems", ""));
    return cpu;
}

Result<std::vector<ThrottleDevice>> parse_throttle(const JsonView& view, std::string_view key) {
    std::vector<ThrottleDevice> devices;
    TRY(view.each(key, [&](const JsonView& entry) -> Result<> {
        auto& device = devices.emplace_back();
        device.major = TRY(entry.integer_or<std::int64_t>("major", 0));
        device.minor = TRY(entry.integer_or<std::int64_t>("minor", 0));
        device.rate = TRY(entry.integer_or<std::uint64_t>("rate", 0));
        return {};
    }));
    return devices;
}

Result<BlockIoResources> parse_block_io(const JsonView& view) {
    BlockIoResources io;
    io.weight = TRY(view.optional_integer<std::uint16_t>("weight"));
    io.leaf_weight = TRY(view.optional_integer<std::uint16_t>("leafWeight"));
    TRY(view.each("weightDevice", [&](const JsonView& entry) -> Result<> {
        auto& device = io.weight_devices.emplace_back();
        device.major = TRY(entry.integer_or<std::int64_t>("major", 0));
        device.minor = TRY(entry.integer_or<std::int64_t>("minor", 0));
        device.weight = TRY(entry.optional_integer<std::uint16_t>("weight"));
        device.leaf_weight = TRY(entry.optional_integer<std::uint16_t>("leafWeight"));
        return {};
    }));
    io.read_bps = TRY(parse_throttle(view, "throttleReadBpsDevice"));
    io.write_bps = TRY(parse_throttle(view, "throttleWriteBpsDevice"));
    io.read_iops = TRY(parse_throttle(view, "throttleReadIOPSDevice"));
    io.write_iops = TRY(parse_throttle(view, "throttleWriteIOPSDevice"));
    return io;
}

Result<NetworkResources> parse_network(const JsonView& view) {
    NetworkResources network;
    network.class_id = TRY(view.optional_integer<std::uint32_t>("classID"));
    TRY(view.each("priorities", [&](const JsonView& entry) -> Result<> {
        network.priorities.emplace_back(TRY(entry.string("name")),
                                        TRY(entry.integer_or<std::uint32_t>("priority", 0)));
        return {};
    }));
    return network;
}

template <class T>
void set_if(Json& object, std::string_view key, const std::optional<T>& value) {
    if (value) object.set(key, *value);
}

void set_if(Json& object, std::string_view key, const std::string& value) {
    if (!value.empty()) object.set(key, value);
}

/// Members that hold nothing are left out, as other tools write config.json.
void set_if(Json& object, std::string_view key, Json value) {
    bool empty = value.is_null() || (value.as_array() && value.as_array()->empty());
    if (!empty) object.set(key, std::move(value));
}

Json json_of(const DeviceRule& rule) {
    Json out;
    out.set("allow", rule.allow);
    if (rule.type != 'a') out.set("type", std::string(1, rule.type));
    set_if(out, "major", rule.major);
    set_if(out, "minor", rule.minor);
    set_if(out, "access", rule.access);
    return out;
}

Json json_of(const MemoryResources& memory) {
    Json out;
    set_if(out, "limit", memory.limit);
    set_if(out, "reservation", memory.reservation);
    set_if(out, "swap", memory.swap);
    set_if(out, "kernel", memory.kernel);
    set_if(out, "kernelTCP", memory.kernel_tcp);
    set_if(out, "swappiness", memory.swappiness);
    set_if(out, "disableOOMKiller", memory.disable_oom_killer);
    set_if(out, "useHierarchy", memory.use_hierarchy);
    set_if(out, "checkBeforeUpdate", memory.check_before_update);
    return out;
}

Json json_of(const CpuResources& cpu) {
    Json out;
    set_if(out, "shares", cpu.shares);
    set_if(out, "quota", cpu.quota);
    set_if(out, "burst", cpu.burst);
    set_if(out, "period", cpu.period);
    set_if(out, "realtimeRuntime", cpu.realtime_runtime);
    set_if(out, "realtimePeriod", cpu.realtime_period);
    set_if(out, "idle", cpu.idle);
    set_if(out, "cpus", cpu.cpus);
    set_if(out, "mems", cpu.mems);
    return out;
}

Json json_of(const std::vector<ThrottleDevice>& devices) {
    Json out = Json::array();
    for (auto& device : devices) {
        Json entry;
        entry.set("major", device.major).set("minor", device.minor).set("rate", device.rate);
        out.push(std::move(entry));
    }
    return out;
}

Json json_of(const BlockIoResources& io) {
    Json out;
    set_if(out, "weight", io.weight);
    set_if(out, "leafWeight", io.leaf_weight);
    Json weights = Json::array();
    for (auto& device : io.weight_devices) {
        Json entry;
        entry.set("major", device.major).set("minor", device.minor);
        set_if(entry, "weight", device.weight);
        set_if(entry, "leafWeight", device.leaf_weight);
        weights.push(std::move(entry));
    }
    set_if(out, "weightDevice", std::move(weights));
    set_if(out, "throttleReadBpsDevice", json_of(io.read_bps));
    set_if(out, "throttleWriteBpsDevice", json_of(io.write_bps));
    set_if(out, "throttleReadIOPSDevice", json_of(io.read_iops));
    set_if(out, "throttleWriteIOPSDevice", json_of(io.write_iops));
    return out;
}

Json json_of(const NetworkResources& network) {
    Json out;
    set_if(out, "classID", network.class_id);
    Json priorities = Json::array();
    for (auto& [name, priority] : network.priorities) {
        Json entry;
        entry.set("name", name).set("priority", priority);
        priorities.push(std::move(entry));
    }
    set_if(out, "priorities", std::move(priorities));
    return out;
}

}  // namespace

Result<LinuxResources> parse_resources(const JsonView& view) {
    TRY(view.expect_object());
    LinuxResources resources;
    TRY(view.each("devices", [&](const JsonView& entry) -> Result<> {
        resources.devices.push_back(TRY(parse_device_rule(entry)));
        return {};
    }));
    if (auto memory = TRY(view.object("memory"))) resources.memory = TRY(parse_memory(*memory));
    if (auto cpu = TRY(view.object("cpu"))) resources.cpu = TRY(parse_cpu(*cpu));
    if (auto pids = TRY(view.object("pids")))
        resources.pids_limit = TRY(pids->optional_integer<std::int64_t>("limit"));
    if (auto io = TRY(view.object("blockIO"))) resources.block_io = TRY(parse_block_io(*io));
    TRY(view.each("hugepageLimits", [&](const JsonView& entry) -> Result<> {
        auto& pages = resources.hugepage_limits.emplace_back();
        pages.page_size = TRY(entry.string("pageSize"));
        pages.limit = TRY(entry.integer_or<std::uint64_t>("limit", 0));
        return {};
    }));
    if (auto network = TRY(view.object("network"))) resources.network = TRY(parse_network(*network));
    TRY(view.each_member("rdma", [&](const std::string& device, const JsonView& entry) -> Result<> {
        auto handles = TRY(entry.optional_integer<std::uint32_t>("hcaHandles"));
        auto objects = TRY(entry.optional_integer<std::uint32_t>("hcaObjects"));
        resources.rdma.emplace_back(device, RdmaLimit{handles, objects});
        return {};
    }));
    resources.unified = TRY(view.string_map("unified"));
    return resources;
}

Json to_json(const LinuxResources& resources) {
    Json out = Json::object();
    Json devices = Json::array();
    for (auto& rule : resources.devices)
        devices.push(json_of(rule));
    set_if(out, "devices", std::move(devices));
    set_if(out, "memory", json_of(resources.memory));
    set_if(out, "cpu", json_of(resources.cpu));
    if (resources.pids_limit) {
        Json pids;
        out.set("pids", pids.set("limit", *resources.pids_limit));
    }
    set_if(out, "blockIO", json_of(resources.block_io));
    Json hugepages = Json::array();
    for (auto& limit : resources.hugepage_limits) {
        Json entry;
        hugepages.push(entry.set("pageSize", limit.page_size).set("limit", limit.limit));
    }
    set_if(out, "hugepageLimits", std::move(hugepages));
    set_if(out, "network", json_of(resources.network));
    Json rdma;
    for (auto& [device, limit] : resources.rdma) {
        Json entry = Json::object();
        set_if(entry, "hcaHandles", limit.hca_handles);
        set_if(entry, "hcaObjects", limit.hca_objects);
        rdma.set(device, std::move(entry));
    }
    set_if(out, "rdma", std::move(rdma));
    Json unified;
    for (auto& [file, value] : resources.unified)
        unified.set(file, value);
    set_if(out, "unified", std::move(unified));
    return out;
}

}  // namespace tare::oci
