// Names of images: given, and taken away with what nothing else names.

#include <algorithm>

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "api/docker/filters.h"
#include "api/docker/image_json.h"
#include "engine/container/containers.h"
#include "image/transfer/images.h"

namespace tare::docker {

namespace {

using container::ContainerRef;
using transfer::ResolvedImage;

enum class Force { no, yes };

std::string short_id(std::string_view digest) {
    return std::string(cut(digest, ':').after.value_or(digest).substr(0, 12));
}

// Containers of the image, those that run first.
std::vector<ContainerRef> users_of(const Parts& parts, const ResolvedImage& image) {
    std::vector<ContainerRef> users;
    for (const ContainerRef& container : parts.containers.list(parts.name_space))
        if (container->image_id == image.id().text()) users.push_back(container);
    std::ranges::stable_partition(users, [](const ContainerRef& user) { return user->state.is_running(); });
    return users;
}

Error conflict(const ResolvedImage& image, std::string_view how, std::string_view why) {
    return fail(ErrorKind::failed_precondition, "conflict: unable to delete ", short_id(image.id().text()),
                " (", how, ") - ", why);
}

// dockerd's rules for the last name of an image: what runs is never deleted, what is stopped by force only.
Result<> expect_unused(const Parts& parts, const ResolvedImage& image, Force force) {
    auto users = users_of(parts, image);
    if (users.empty()) return {};
    std::string id = users.front()->short_id();
    if (users.front()->state.is_running())
        return conflict(image, "cannot be forced", cat("image is being used by running container ", id));
    if (force == Force::no)
        return conflict(image, "must be forced", cat("image is being used by stopped container ", id));
    return {};
}

/// Takes names away and collects what the answer says.
class Removal {
  public:
    Removal(const Parts& parts, ResolvedImage image) : parts_(parts), image_(std::move(image)) {}

    Result<> untag(const std::string& name) {
        TRY(parts_.images.untag(parts_.name_space, name));
        std::erase(image_.names, name);
        auto reference = oci::Reference::parse(name);
        std::string shown = reference ? reference->familiar() : name;
        report_.push(Json::object().set("Untagged", shown));
        announce(parts_, "image", "untag", image_.id().text(), {{"name", shown}});
        if (reference && image_.names.empty())
            report_.push(Json::object().set(
                "Untagged", cat(reference->familiar_repository(), '@', image_.target.digest.text())));
        return {};
    }
    // The last name has gone: so have the image and the layers that no other image has.
    void report_deleted(const std::vector<ResolvedImage>& others) {
        report_.push(Json::object().set("Deleted", image_.id().text()));
        announce(parts_, "image", "delete", image_.id().text(), {{"name", image_.id().text()}});
        auto chains = oci::chain_ids(image_.config.diff_ids);
        for (auto chain = chains.rbegin(); chain != chains.rend(); ++chain) {
            bool is_shared = std::ranges::any_of(others, [&](const ResolvedImage& other) {
                auto of_other = oci::chain_ids(other.config.diff_ids);
                return std::ranges::find(of_other, *chain) != of_other.end();
            });
            if (!is_shared) report_.push(Json::object().set("Deleted", chain->text()));
        }
    }
    const ResolvedImage& image() const { return image_; }
    Json take_report() { return std::move(report_); }

  private:
    const Parts& parts_;
    ResolvedImage image_;
    Json report_ = Json::array();
};

bool is_named_by_id(const std::string& asked, const ResolvedImage& image) {
    std::string_view id = image.id().text();
    std::string_view digits = image.id().hex();
    return image.name.empty() || id.starts_with(asked) || (asked.size() >= 4 && digits.starts_with(asked));
}

std::size_t repository_count(const ResolvedImage& image) {
    std::vector<std::string> repositories;
    for (const std::string& name : image.names)
        if (auto reference = oci::Reference::parse(name)) repositories.push_back(reference->repository());
    std::ranges::sort(repositories);
    return static_cast<std::size_t>(std::ranges::unique(repositories).begin() - repositories.begin());
}

Result<Json> remove_by_id(const Parts& parts, const ResolvedImage& image, Force force) {
    if (repository_count(image) > 1 && force == Force::no)
        return conflict(image, "must be forced", "image is referenced in multiple repositories");
    TRY(expect_unused(parts, image, force));
    Removal removal(parts, image);
    for (const std::string& name : image.names)
        TRY(removal.untag(name));
    removal.report_deleted(TRY(parts.images.list(parts.name_space)));
    return removal.take_report();
}

Result<Json> remove_by_name(const Parts& parts, const ResolvedImage& image, Force force) {
    Removal removal(parts, image);
    if (image.names.size() > 1) {
        TRY(removal.untag(image.name));
        return removal.take_report();
    }
    auto users = users_of(parts, image);
    if (!users.empty() && force == Force::no)
        return fail(ErrorKind::failed_precondition, "conflict: unable to remove repository reference ",
                    quote(TRY(oci::Reference::parse(image.name)).familiar()), " (must force) - container ",
                    users.front()->short_id(), " is using its referenced image ",
                    short_id(image.id().text()));
    TRY(removal.untag(image.name));
    // What containers still use stays, without a name.
    if (users.empty()) removal.report_deleted(TRY(parts.images.list(parts.name_space)));
    return removal.take_report();
}

std::uint64_t collect_garbage(const Parts& parts) {
    return parts.collect_garbage ? parts.collect_garbage() : 0;
}

}  // namespace

Result<> image_tag(Call& call) {
    auto image = TRY(call.parts.images.resolve(call.parts.name_space, call.name()));
    std::string repository = call.query("repo");
    std::string tag = call.query("tag");
    auto reference = TRY(oci::Reference::parse(repository));
    if (!reference.digest().empty())
        return fail(ErrorKind::invalid_argument, "refusing to create a tag with a digest reference");
    if (!tag.empty()) reference = TRY(reference.with_tag(tag));
    TRY(call.parts.images.tag(call.parts.name_space, image, reference));
    announce(call.parts, "image", "tag", image.id().text(), {{"name", reference.familiar()}});
    return call.respond_empty(201);
}

Result<> image_remove(Call& call) {
    const Parts& parts = call.parts;
    auto image = TRY(parts.images.resolve(parts.name_space, call.name()));
    Force force = call.query_flag("force") ? Force::yes : Force::no;
    Json report = TRY(is_named_by_id(call.name(), image) ? remove_by_id(parts, image, force)
                                                         : remove_by_name(parts, image, force));
    collect_garbage(parts);
    return call.respond(200, report);
}

Result<> image_prune(Call& call) {
    const Parts& parts = call.parts;
    Filters filters = TRY(Filters::parse(call.query("filters")));
    TRY(filters.allow_only({"dangling", "label", "label!", "until"}));
    bool only_dangling = TRY(filters.flag("dangling", true));
    auto until = TRY(filters.until(now()));
    Json deleted = Json::array();
    for (const ResolvedImage& image : TRY(parts.images.list(parts.name_space))) {
        if (only_dangling && !repo_tags(image).empty()) continue;
        if (until && created_of(image) >= *until) continue;
        if (!filters.accepts_labels(image.config.config.labels) || !users_of(parts, image).empty()) continue;
        Json report = TRY(remove_by_id(parts, image, Force::yes));
        for (Json& line : *report.as_array())
            deleted.push(std::move(line));
    }
    std::uint64_t reclaimed = collect_garbage(parts);
    announce(parts, "image", "prune", "", {{"reclaimed", cat(reclaimed)}});
    bool is_empty = deleted.as_array()->empty();
    return call.respond(200, Json::object()
                                 .set("ImagesDeleted", is_empty ? Json() : std::move(deleted))
                                 .set("SpaceReclaimed", reclaimed));
}

}  // namespace tare::docker
