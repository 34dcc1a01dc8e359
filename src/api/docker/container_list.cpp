#include <map>

#include "api/docker/container_filter.h"
#include "api/docker/container_json.h"
#include "api/docker/container_size.h"
#include "api/docker/endpoints.h"
#include "image/transfer/images.h"

namespace tare::docker {

namespace {

// The names that containers were created from, each looked up once.
class ImageNames {
  public:
    explicit ImageNames(const Parts& parts) : parts_(parts) {}

    /// The name if it still stands for the container's image, else the image's id.
    std::string shown(const container::Container& container) {
        auto [entry, is_new] = ids_.try_emplace(container.config.image);
        if (is_new)
            if (auto image = parts_.images.resolve(parts_.name_space, container.config.image))
                entry->second = image->id().text();
        return entry->second == container.image_id ? container.config.image : container.image_id;
    }

  private:
    const Parts& parts_;
    std::map<std::string, std::string> ids_;
};

// An image and those made of it, by their layers.
std::vector<std::string> ids_of_ancestor(const Parts& parts, const std::string& reference) {
    std::vector<std::string> ids;
    auto ancestor = parts.images.resolve(parts.name_space, reference);
    if (!ancestor) return ids;
    ids.push_back(ancestor->id().text());
    const auto& layers = ancestor->config.diff_ids;
    auto all = parts.images.list(parts.name_space);
    if (!all || layers.empty()) return ids;
    for (const transfer::ResolvedImage& image : *all)
        if (image.config.diff_ids.size() > layers.size() &&
            std::equal(layers.begin(), layers.end(), image.config.diff_ids.begin()))
            ids.push_back(image.id().text());
    return ids;
}

}  // namespace

Result<> container_list(Call& call) {
    const Parts& parts = call.parts;
    ListQuery query;
    query.all = call.query_flag("all");
    query.filters = TRY(Filters::parse(call.query("filters")));
    auto limit = TRY(call.query_integer<std::int64_t>("limit"));
    if (limit && *limit > 0) query.limit = static_cast<std::size_t>(*limit);
    Lookup lookup{
        .container =
            [&](const std::string& reference) { return parts.containers.find(parts.name_space, reference); },
        .image_ids = [&](const std::string& reference) { return ids_of_ancestor(parts, reference); }};
    auto selected = TRY(select(parts.containers.list(parts.name_space), query, lookup));

    ImageNames names(parts);
    Json list = Json::array();
    Time present = now();
    for (const container::ContainerRef& container : selected) {
        std::optional<ContainerSize> size;
        if (call.query_flag("size")) size = TRY(size_of(parts, *container));
        list.push(summary_document(*container, names.shown(*container), size, call.version, present));
    }
    return call.respond(200, list);
}

}  // namespace tare::docker
