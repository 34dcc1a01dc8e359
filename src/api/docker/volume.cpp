#include <algorithm>

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "api/docker/filters.h"
#include "api/docker/volume_json.h"
#include "engine/volume/volumes.h"

namespace tare::docker {

namespace {

Json map_or_null(const volume::Labels& map) {
    if (map.empty()) return {};
    Json document = Json::object();
    for (const auto& [key, value] : map)
        document.set(key, value);
    return document;
}

}  // namespace

Json volume_document(const volume::Volume& volume, const std::optional<volume::Usage>& usage) {
    Json document =
        Json::object().set("CreatedAt", format_rfc3339(volume.created)).set("Driver", volume.driver);
    volume::Labels labels = volume.labels;
    if (volume.is_anonymous) labels.emplace("com.docker.volume.anonymous", "");
    document.set("Labels", map_or_null(labels)).set("Mountpoint", volume.mountpoint).set("Name", volume.name);
    document.set("Options", map_or_null(volume.options)).set("Scope", "local");
    if (usage)
        document.set("UsageData",
                     Json::object().set("RefCount", usage->containers).set("Size", usage->size_bytes));
    return document;
}

Result<> volume_list(Call& call) {
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"dangling", "driver", "label", "label!", "name"}));
    bool asks_dangling = filters.has("dangling");
    bool wants_dangling = TRY(filters.flag("dangling", false));
    Json list = Json::array();
    for (const volume::Volume& volume : TRY(call.parts.volumes.list())) {
        if (!filters.accepts("driver", volume.driver) || !filters.accepts_labels(volume.labels)) continue;
        if (!TRY(filters.matches_any("name", {volume.name}))) continue;
        if (asks_dangling && TRY(call.parts.volumes.users(volume.name)).empty() != wants_dangling) continue;
        list.push(volume_document(volume));
    }
    return call.respond(200, Json::object().set("Volumes", std::move(list)).set("Warnings", nullptr));
}

Result<> volume_create(Call& call) {
    Json document = TRY(call.optional_body());
    JsonView view(document, "request");
    volume::CreateRequest request;
    request.name = TRY(view.string_or("Name", ""));
    request.driver = TRY(view.string_or("Driver", ""));
    if (view.has("ClusterVolumeSpec"))
        return fail(ErrorKind::unimplemented, "cluster volumes are not served");
    for (auto& [key, value] : TRY(view.string_map("Labels")))
        request.labels.emplace(std::move(key), std::move(value));
    for (auto& [key, value] : TRY(view.string_map("DriverOpts")))
        request.options.emplace(std::move(key), std::move(value));
    volume::Volume volume = TRY(call.parts.volumes.create(request));
    announce(call.parts, "volume", "create", volume.name, {{"driver", volume.driver}});
    return call.respond(201, volume_document(volume));
}

Result<> volume_inspect(Call& call) {
    return call.respond(200, volume_document(TRY(call.parts.volumes.get(call.name()))));
}

Result<> volume_remove(Call& call) {
    TRY(call.parts.volumes.remove(call.name(),
                                  call.query_flag("force") ? volume::Force::yes : volume::Force::no));
    announce(call.parts, "volume", "destroy", call.name(), {{"driver", "local"}});
    return call.respond_empty(204);
}

Result<> volume_prune(Call& call) {
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"label", "label!", "all"}));
    // Since 1.42 named volumes are spared unless they are asked for.
    bool takes_named = call.version < ApiVersion{1, 42} || TRY(filters.flag("all", false));
    auto report = TRY(call.parts.volumes.prune([&](const volume::Volume& volume) {
        return (takes_named || volume.is_anonymous) && filters.accepts_labels(volume.labels);
    }));
    announce(call.parts, "volume", "prune", "", {{"reclaimed", cat(report.reclaimed_bytes)}});
    return call.respond(200,
                        Json::object()
                            .set("VolumesDeleted", report.removed.empty() ? Json() : Json(report.removed))
                            .set("SpaceReclaimed", report.reclaimed_bytes));
}

}  // namespace tare::docker
