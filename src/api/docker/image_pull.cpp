// Images that come from elsewhere: pulled from a registry, loaded from an archive.

#include "api/docker/announce.h"
#include "api/docker/endpoints.h"
#include "api/docker/progress_writer.h"
#include "image/registry/credentials.h"
#include "image/transfer/images.h"

namespace tare::docker {

namespace {

Result<oci::Reference> wanted_reference(Call& call) {
    std::string name = call.query("fromImage");
    std::string tag = call.query("tag");
    if (name.ends_with(':')) name.pop_back();
    if (tag.empty()) return oci::Reference::parse(name);
    // The tag may be a digest.
    if (tag.contains(':')) return oci::Reference::parse(cat(name, '@', tag));
    return TRY(oci::Reference::parse(name))
    .with_tag(tag);
}

// "linux/arm64", or since 1.48 the object of an index as JSON.
Result<oci::Platform> read_platform(const std::string& text) {
    if (!text.starts_with('{')) return oci::parse_platform(text);
    Json document = TRY(parse_json(text, {.what = "platform", .size_bytes = 4096, .depth = 4}));
    return oci::parse_platform(JsonView(document, "platform"));
}

/// A name alone stands for all its tags.
bool names_one_image(const Call& call) {
    const std::string name = call.query("fromImage");
    const std::string last = name.substr(name.rfind('/') + 1);
    return !call.query("tag").empty() || last.contains(':') || last.contains('@');
}

void announce_pull(Call& call, const oci::Reference& reference) {
    announce(call.parts, "image", "pull", reference.familiar(), {{"name", reference.familiar_repository()}});
}

Result<> pull_one(Call& call, const transfer::PullRequest& request) {
    TRY(call.parts.images.pull(request));
    announce_pull(call, request.reference);
    return {};
}

Result<> pull_all(Call& call, const transfer::PullRequest& request) {
    for (const transfer::PulledImage& pulled : TRY(call.parts.images.pull_all_tags(request)))
        if (auto reference = oci::Reference::parse(pulled.name)) announce_pull(call, *reference);
    return {};
}

}  // namespace

Result<> image_create(Call& call) {
    if (call.query("fromImage").empty())
        return fail(ErrorKind::unimplemented, "tare does not import images from archives (fromSrc) yet");
    transfer::PullRequest request;
    request.ns = call.parts.name_space;
    request.reference = TRY(wanted_reference(call));
    if (std::string platform = call.query("platform"); !platform.empty()) {
        request.platform = TRY(read_platform(platform));
        request.is_platform_explicit = true;
    }
    request.credentials = TRY(registry::parse_registry_auth(call.header("x-registry-auth")));
    ProgressWriter writer(call);
    request.progress = &writer;
    request.cancel = call.exchange.cancel().stop_token();
    return writer.finish(names_one_image(call) ? pull_one(call, request) : pull_all(call, request));
}

Result<> image_load(Call& call) {
    BodySource body(call.exchange);
    ProgressWriter writer(call);
    transfer::LoadRequest request;
    request.ns = call.parts.name_space;
    if (std::string platform = call.query("platform"); !platform.empty())
        request.platform = TRY(read_platform(platform));
    request.progress = call.query_flag("quiet") ? nullptr : &writer;
    request.cancel = call.exchange.cancel().stop_token();
    auto loaded = call.parts.images.load_archive(body, request);
    if (!loaded) return writer.finish(loaded.error());
    for (const transfer::LoadedImage& image : *loaded) {
        auto reference = oci::Reference::parse(image.name);
        std::string line = image.name.empty() || !reference
                               ? cat("Loaded image ID: ", image.config.text(), '\n')
                               : cat("Loaded image: ", reference->familiar(), '\n');
        writer.write(Json::object().set("stream", line));
        announce(call.parts, "image", "load", image.config.text(), {{"name", image.config.text()}});
    }
    return writer.finish({});
}

}  // namespace tare::docker
