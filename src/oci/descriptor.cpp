#include "oci/descriptor.h"

namespace tare::oci {

bool is_manifest(std::string_view type) {
    return type == media_type::oci_manifest || type == media_type::docker_manifest;
}

bool is_index(std::string_view type) {
    return type == media_type::oci_index || type == media_type::docker_list;
}

bool is_layer(std::string_view type) {
    return type.starts_with("application/vnd.oci.image.layer.") ||
           type.starts_with("application/vnd.docker.image.rootfs.");
}

Result<Descriptor> parse_descriptor(const JsonView& view) {
    TRY(view.expect_object());
    Descriptor descriptor;
    descriptor.media_type = TRY(view.string("mediaType"));
    auto digest = Digest::parse(TRY(view.string("digest")));
    if (!digest) return view.error(digest.error().message());
    descriptor.digest = *digest;
    auto size = TRY(view.optional_integer<std::uint64_t>("size"));
    if (!size) return view.error("missing size");
    descriptor.size_bytes = *size;
    descriptor.urls = TRY(view.strings("urls"));
    descriptor.annotations = TRY(view.string_map("annotations"));
    if (auto platform = TRY(view.object("platform"))) descriptor.platform = TRY(parse_platform(*platform));
    descriptor.artifact_type = TRY(view.string_or("artifactType", ""));
    return descriptor;
}

Json to_json(const Descriptor& descriptor) {
    Json out;
    out.set("mediaType", descriptor.media_type).set("digest", descriptor.digest.text());
    out.set("size", descriptor.size_bytes);
    if (!descriptor.urls.empty()) out.set("urls", Json(descriptor.urls));
    if (!descriptor.annotations.empty()) {
        Json annotations;
        for (auto& [key, value] : descriptor.annotations)
            annotations.set(key, value);
        out.set("annotations", std::move(annotations));
    }
    if (descriptor.platform) out.set("platform", to_json(*descriptor.platform));
    if (!descriptor.artifact_type.empty()) out.set("artifactType", descriptor.artifact_type);
    return out;
}

}  // namespace tare::oci
