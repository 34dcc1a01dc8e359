#include "cli/docker/image_row.h"

#include <algorithm>

#include "cli/common/size.h"
#include "cli/common/timestamp.h"
#include "cli/docker/each_name.h"
#include "cli/docker/image_name.h"
#include "cli/docker/list_output.h"

namespace tare::cli::docker {

namespace {

// One line of the list: a name of an image.
struct Name {
    std::string repository = "<none>";
    std::string tag = "<none>";
    std::string digest = "<none>";
};

std::vector<ImageName> names_at(const Json& image, std::string_view key) {
    std::vector<ImageName> names;
    for (const Json& entry : array_at(image, key)) {
        auto name = entry.is_string() ? parse_image_name(*entry.as_string()) : Result<ImageName>(ImageName());
        if (!name || name->repository.empty()) continue;  // "<none>:<none>"
        name->repository = familiar_repository(name->repository);
        names.push_back(std::move(*name));
    }
    return names;
}

std::vector<Name> names_of(const Json& image, Digests digests) {
    std::vector<ImageName> tags = names_at(image, "RepoTags");
    std::vector<ImageName> by_digest = names_at(image, "RepoDigests");
    std::vector<Name> names;
    for (const ImageName& tag : tags) {
        bool has_digest = false;
        for (const ImageName& entry : by_digest) {
            if (digests == Digests::hidden || entry.repository != tag.repository) continue;
            names.push_back({tag.repository, tag.tag, entry.digest});
            has_digest = true;
        }
        if (!has_digest) names.push_back({tag.repository, tag.tag, "<none>"});
    }
    std::vector<std::string> shown;
    for (const ImageName& entry : by_digest) {
        if (std::ranges::find(tags, entry.repository, &ImageName::repository) != tags.end()) continue;
        if (digests == Digests::own_rows) {
            names.push_back({entry.repository, "<none>", entry.digest});
        } else if (std::ranges::find(shown, entry.repository) == shown.end()) {
            names.push_back({entry.repository, "<none>", ""});
            shown.push_back(entry.repository);
        }
    }
    if (names.empty()) names.emplace_back();
    return names;
}

std::string size_or_unknown(std::int64_t bytes) {
    return bytes < 0 ? "N/A" : format_size(static_cast<double>(bytes));
}

Json row_of(const Json& image, const Name& name, Truncate truncate) {
    std::string id = text_at(image, "Id");
    Timestamp created{integer_at(image, "Created"), 0};
    auto size = integer_at(image, "Size");
    auto shared = integer_at(image, "SharedSize");
    auto containers = integer_at(image, "Containers");
    Json row = Json::object();
    row.set("Containers", containers < 0 ? "N/A" : cat(containers));
    row.set("CreatedAt", format_local(created));
    row.set("CreatedSince", time_ago(created, now()));
    row.set("Digest", name.digest);
    row.set("ID", truncate == Truncate::yes ? short_id(id) : id);
    row.set("Repository", name.repository);
    row.set("SharedSize", size_or_unknown(shared));
    row.set("Size", format_size(static_cast<double>(size), 3));
    row.set("Tag", name.tag);
    row.set("UniqueSize", shared < 0 || size < 0 ? "N/A" : format_size(static_cast<double>(size - shared)));
    row.set("VirtualSize", format_size(static_cast<double>(size)));
    return row;
}

}  // namespace

std::vector<Json> image_rows(const Json& image, Digests digests, Truncate truncate) {
    std::vector<Json> rows;
    for (const Name& name : names_of(image, digests))
        rows.push_back(row_of(image, name, truncate));
    return rows;
}

}  // namespace tare::cli::docker
