#include "cli/docker/container_row.h"

#include <algorithm>

#include "cli/common/go_format.h"
#include "cli/common/size.h"
#include "cli/common/timestamp.h"
#include "cli/docker/each_name.h"
#include "cli/docker/image_name.h"
#include "cli/docker/list_output.h"
#include "cli/docker/ports_text.h"

namespace tare::cli::docker {

namespace {

std::string names_of(const Json& container, Truncate truncate) {
    std::vector<std::string> names;
    for (const Json& name : array_at(container, "Names"))
        if (auto* text = name.as_string()) names.push_back(text->starts_with('/') ? text->substr(1) : *text);
    if (truncate == Truncate::yes)
        for (const std::string& name : names)
            if (name.find('/') == std::string::npos) return name;  // the others come from links
    return join(names, ",");
}

std::string image_of(const Json& container, Truncate truncate) {
    std::string image = text_at(container, "Image");
    if (image.empty()) return "<no image>";
    if (truncate == Truncate::no) return image;
    std::string id = short_id(text_at(container, "ImageID"));
    if (id == short_id(image)) return id;
    auto name = parse_image_name(image);
    if (!name) return image;
    return cat(familiar_repository(name->repository), name->tag.empty() ? "" : ":", name->tag);
}

std::string labels_of(const Json& container) {
    std::vector<std::string> labels;
    for (const auto& [key, value] : object_at(container, "Labels"))
        labels.push_back(cat(key, '=', go_print(value)));
    std::ranges::sort(labels);
    return join(labels, ",");
}

std::string mounts_of(const Json& container, Truncate truncate) {
    std::vector<std::string> mounts;
    for (const Json& mount : array_at(container, "Mounts")) {
        std::string name = text_at(mount, "Name");
        if (name.empty()) name = text_at(mount, "Source");
        mounts.push_back(truncate == Truncate::yes ? ellipsis(name, 15) : name);
    }
    return join(mounts, ",");
}

std::string size_of(const Json& container) {
    std::string size = format_size(static_cast<double>(integer_at(container, "SizeRw")), 3);
    auto total = integer_at(container, "SizeRootFs");
    return total > 0 ? cat(size, " (virtual ", format_size(static_cast<double>(total), 3), ')') : size;
}

Json platform_of(const Json& container) {
    const Json& platform = member_at(member_at(container, "ImageManifestDescriptor"), "platform");
    return platform;
}

}  // namespace

Json container_row(const Json& container, Truncate truncate) {
    std::string id = text_at(container, "Id");
    std::string command = text_at(container, "Command");
    Timestamp created{integer_at(container, "Created"), 0};
    auto volumes = std::ranges::count_if(
        array_at(container, "Mounts"), [](const Json& mount) { return text_at(mount, "Driver") == "local"; });
    std::vector<std::string> networks;
    for (const auto& [name, settings] : object_at(member_at(container, "NetworkSettings"), "Networks"))
        networks.push_back(name);
    Json row = Json::object();
    row.set("Command", go_quote(truncate == Truncate::yes ? ellipsis(command, 20) : command));
    row.set("CreatedAt", format_local(created));
    row.set("ID", truncate == Truncate::yes ? short_id(id) : id);
    row.set("Image", image_of(container, truncate));
    row.set("Labels", labels_of(container));
    row.set("LocalVolumes", cat(volumes));
    row.set("Mounts", mounts_of(container, truncate));
    row.set("Names", names_of(container, truncate));
    row.set("Networks", join(networks, ","));
    row.set("Platform", platform_of(container));
    row.set("Ports", displayable_ports(array_at(container, "Ports")));
    row.set("RunningFor", time_ago(created, now()));
    row.set("Size", size_of(container));
    row.set("State", text_at(container, "State"));
    row.set("Status", text_at(container, "Status"));
    return row;
}

}  // namespace tare::cli::docker
