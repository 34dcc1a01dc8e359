#include "oci/manifest.h"

namespace tare::oci {

namespace {

constexpr std::size_t kLayerLimit = 1024;
constexpr std::size_t kPlatformLimit = 1024;

Result<Json> parse_document(std::string_view text, std::string_view what) {
    Json document = TRY(parse_json(text, {.what = what, .size_bytes = kManifestLimitBytes}));
    JsonView view(document, std::string(what));
    TRY(view.expect_object());
    auto version = TRY(view.integer_or<int>("schemaVersion", 2));
    if (version == 1)
        return fail(ErrorKind::invalid_argument, what, " is of Docker's schema 1, which is no longer read")
            .set_hint("push the image again with a current tool");
    if (version != 2) return view.error(cat("schemaVersion ", version, " is unknown"));
    return document;
}

/// A manifest has layers, an index has manifests; one with both means different things to different
/// readers.
Result<bool> is_index_document(const JsonView& view) {
    bool has_manifests = view.has("manifests");
    bool has_layers = view.has("layers") || view.has("config");
    if (has_manifests && has_layers) return view.error("has both layers and manifests");
    return has_manifests;
}

Result<std::string> agreed_type(const JsonView& view, std::string_view served) {
    std::string own = TRY(view.string_or("mediaType", ""));
    bool is_index_kind = TRY(is_index_document(view));
    if (!own.empty() && !served.empty() && own != served)
        return view.error(cat("was served as ", served, " but says it is ", own));
    std::string type = !served.empty() ? std::string(served) : own;
    if (type.empty()) type = is_index_kind ? media_type::oci_index : media_type::oci_manifest;
    if (is_index(type) != is_index_kind && (is_index(type) || is_manifest(type)))
        return view.error(cat("does not hold what ", type, " holds"));
    if (!is_index(type) && !is_manifest(type))
        return view.error(cat("media type ", quote(type), " is unknown"));
    return type;
}

Json json_of(const std::vector<std::pair<std::string, std::string>>& annotations) {
    Json out = Json::object();
    for (auto& [key, value] : annotations)
        out.set(key, value);
    return out;
}

}  // namespace

Result<std::string> media_type_of(std::string_view text, std::string_view served) {
    Json document = TRY(parse_document(text, "manifest"));
    return agreed_type(JsonView(document, "manifest"), served);
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view media_type) {
    Json document = TRY(parse_document(text, "manifest"));
    JsonView view(document, "manifest");
    Manifest manifest;
    manifest.media_type = TRY(agreed_type(view, media_type));
    if (!is_manifest(manifest.media_type)) return view.error("is an index, not a manifest");
    auto config = TRY(view.object("config"));
    if (!config) return view.error("missing config");
    manifest.config = TRY(parse_descriptor(*config));
    TRY(view.each("layers", [&](const JsonView& layer) -> Result<> {
        if (manifest.layers.size() == kLayerLimit)
            return fail(ErrorKind::resource_exhausted, "manifest has more than ", kLayerLimit, " layers");
        manifest.layers.push_back(TRY(parse_descriptor(layer)));
        return {};
    }));
    manifest.annotations = TRY(view.string_map("annotations"));
    if (auto subject = TRY(view.object("subject"))) manifest.subject = TRY(parse_descriptor(*subject));
    manifest.artifact_type = TRY(view.string_or("artifactType", ""));
    return manifest;
}

Result<Index> parse_index(std::string_view text, std::string_view media_type) {
    Json document = TRY(parse_document(text, "index"));
    JsonView view(document, "index");
    Index index;
    index.media_type = TRY(agreed_type(view, media_type));
    if (!is_index(index.media_type)) return view.error("is a manifest, not an index");
    TRY(view.each("manifests", [&](const JsonView& entry) -> Result<> {
        if (index.manifests.size() == kPlatformLimit)
            return fail(ErrorKind::resource_exhausted, "index has more than ", kPlatformLimit, " manifests");
        index.manifests.push_back(TRY(parse_descriptor(entry)));
        return {};
    }));
    index.annotations = TRY(view.string_map("annotations"));
    return index;
}

Result<Descriptor> choose(const Index& index, const Platform& platform) {
    const Descriptor* best = nullptr;
    int best_score = -1;
    std::string offered;
    for (auto& entry : index.manifests) {
        // An entry without a platform runs anywhere, as far as anybody knows.
        int score = entry.platform ? match(platform, *entry.platform).value_or(-1) : 0;
        if (entry.platform) offered += cat(offered.empty() ? "" : ", ", entry.platform->text());
        if (score > best_score) {
            best = &entry;
            best_score = score;
        }
    }
    if (best) return *best;
    return fail(ErrorKind::not_found, "no matching manifest for ", platform.text(),
                " in the manifest list entries")
        .set_hint(cat("there is: ", offered.empty() ? "nothing" : offered));
}

Json to_json(const Manifest& manifest) {
    Json out;
    out.set("schemaVersion", 2).set("mediaType", manifest.media_type);
    if (!manifest.artifact_type.empty()) out.set("artifactType", manifest.artifact_type);
    out.set("config", to_json(manifest.config));
    Json layers = Json::array();
    for (auto& layer : manifest.layers)
        layers.push(to_json(layer));
    out.set("layers", std::move(layers));
    if (manifest.subject) out.set("subject", to_json(*manifest.subject));
    if (!manifest.annotations.empty()) out.set("annotations", json_of(manifest.annotations));
    return out;
}

Json to_json(const Index& index) {
    Json out;
    out.set("schemaVersion", 2).set("mediaType", index.media_type);
    Json manifests = Json::array();
    for (auto& entry : index.manifests)
        manifests.push(to_json(entry));
    out.set("manifests", std::move(manifests));
    if (!index.annotations.empty()) out.set("annotations", json_of(index.annotations));
    return out;
}

}  // namespace tare::oci
