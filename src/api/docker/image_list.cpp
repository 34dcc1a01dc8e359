#include <algorithm>
#include <map>

#include "api/docker/endpoints.h"
#include "api/docker/filters.h"
#include "api/docker/image_json.h"
#include "api/docker/shared_layers.h"
#include "engine/container/containers.h"
#include "image/snapshot/snapshotter.h"
#include "image/transfer/images.h"

namespace tare::docker {

namespace {

using transfer::ResolvedImage;

// Go's path.Match, as far as names of images need it: '*' within a part, '?', no brackets.
bool matches_glob(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
        for (std::size_t taken = 0; taken <= text.size(); ++taken) {
            if (matches_glob(pattern.substr(1), text.substr(taken))) return true;
            if (taken < text.size() && text[taken] == '/') break;
        }
        return false;
    }
    if (text.empty() || (pattern.front() != text.front() && (pattern.front() != '?' || text.front() == '/')))
        return false;
    return matches_glob(pattern.substr(1), text.substr(1));
}

// The names of the image that a `reference` filter leaves: "redis", "redis:al*", "*/redis", "redis@sha256:…".
bool matches_reference(const std::vector<std::string>& patterns, const std::string& name) {
    auto reference = oci::Reference::parse(name);
    if (!reference) return false;
    std::string repository = reference->familiar_repository();
    std::string tagged = cat(repository, ':', reference->tag());
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return pattern.size() <= 512 && (matches_glob(pattern, repository) || matches_glob(pattern, tagged) ||
                                         matches_glob(pattern, reference->familiar()) || pattern == name);
    });
}

struct Bounds {
    std::optional<Time> before;
    std::optional<Time> since;
    std::optional<Time> until;
};

Result<Bounds> read_bounds(const Parts& parts, const Filters& filters) {
    Bounds bounds;
    for (const std::string& name : filters.values("before"))
        bounds.before = created_of(TRY(parts.images.resolve(parts.name_space, name)));
    for (const std::string& name : filters.values("since"))
        bounds.since = created_of(TRY(parts.images.resolve(parts.name_space, name)));
    bounds.until = TRY(filters.until(now()));
    return bounds;
}

bool is_within(const Bounds& bounds, Time created) {
    return (!bounds.before || created < *bounds.before) && (!bounds.since || created > *bounds.since) &&
           (!bounds.until || created < *bounds.until);
}

std::int64_t count_users(const std::vector<container::ContainerRef>& containers, const Digest& image) {
    return std::ranges::count_if(containers,
                                 [&](const auto& container) { return container->image_id == image.text(); });
}

}  // namespace

Result<> image_list(Call& call) {
    const Parts& parts = call.parts;
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"dangling", "label", "label!", "before", "since", "reference", "until"}));
    // `filter` is what clients before 1.28 had.
    if (call.has_query("filter") && !call.query("filter").empty())
        filters = TRY(
            Filters::parse(dump(Json::object().set("reference", Json::array().push(call.query("filter"))))));
    Bounds bounds = TRY(read_bounds(parts, filters));
    bool wants_dangling = TRY(filters.flag("dangling", false));
    bool asks_dangling = filters.has("dangling");
    std::vector<container::ContainerRef> containers;
    bool counts = call.query_flag("shared-size");
    if (counts) containers = parts.containers.list(parts.name_space);

    std::vector<ResolvedImage> images = TRY(parts.images.list(parts.name_space));
    std::ranges::stable_sort(images,
                             [](const auto& a, const auto& b) { return created_of(a) > created_of(b); });
    std::optional<SharedLayers> shared;
    if (counts) shared.emplace(images, parts.snapshotter);
    Json list = Json::array();
    for (ResolvedImage& image : images) {
        bool is_dangling = repo_tags(image).empty();
        if (asks_dangling && is_dangling != wants_dangling) continue;
        if (!is_within(bounds, created_of(image)) || !filters.accepts_labels(image.config.config.labels))
            continue;
        if (filters.has("reference")) {
            std::erase_if(image.names, [&](const std::string& name) {
                return !matches_reference(filters.values("reference"), name);
            });
            if (image.names.empty()) continue;
        }
        list.push(image_summary(image, counts ? count_users(containers, image.id()) : -1, call.version,
                                shared ? shared->bytes_of(image) : -1));
    }
    return call.respond(200, list);
}

Result<> image_inspect(Call& call) {
    auto image = TRY(call.parts.images.resolve(call.parts.name_space, call.name()));
    return call.respond(200, image_document(image, std::string(call.parts.snapshotter.name()), call.version));
}

Result<> image_history(Call& call) {
    const Parts& parts = call.parts;
    auto image = TRY(parts.images.resolve(parts.name_space, call.name()));
    std::vector<std::uint64_t> sizes;
    for (const Digest& layer : oci::chain_ids(image.config.diff_ids)) {
        // A layer that is not unpacked yet has no size to show.
        auto usage = parts.snapshotter.usage(layer.text());
        sizes.push_back(usage ? usage->size_bytes : 0);
    }
    return call.respond(200, history_document(image, sizes));
}

}  // namespace tare::docker
