// Archives of `docker save` and OCI layouts (image-spec, image-layout.md) become images.

#include "image/transfer/archive_reader.h"
#include "image/transfer/gc_labels.h"

namespace tare::transfer {

namespace {

/// What an archive says it holds: a manifest or index, and its names.
struct ArchivedImage {
    oci::Descriptor target;
    std::vector<oci::Reference> names;
};

std::string_view layer_type(layer::Codec codec) {
    switch (codec) {
        case layer::Codec::gzip:
            return oci::media_type::docker_layer_gzip;
        case layer::Codec::zstd:
            return "application/vnd.docker.image.rootfs.diff.tar.zstd";
        case layer::Codec::none:
            break;
    }
    return "application/vnd.docker.image.rootfs.diff.tar";
}

oci::Descriptor descriptor_of(const ArchivedBlob& blob, std::string_view media_type) {
    return {.media_type = std::string(media_type), .digest = blob.digest, .size_bytes = blob.size_bytes};
}

/// One entry of manifest.json. Its manifest is written here: docker save of old has none.
Result<ArchivedImage> image_of_entry(const Work& work, const ArchiveFiles& files, const JsonView& entry) {
    oci::Manifest manifest;
    manifest.media_type = oci::media_type::docker_manifest;
    auto config = TRY(files.blob(TRY(entry.string("Config"))));
    manifest.config = descriptor_of(config, oci::media_type::docker_config);
    for (auto& path : TRY(entry.strings("Layers"))) {
        auto layer = TRY(files.blob(path));
        manifest.layers.push_back(descriptor_of(layer, layer_type(layer.codec)));
    }
    std::string document = dump(to_json(manifest));
    auto info = TRY(work.content().put(work.ns, document, labels_of(manifest), work.lease.id()));
    ArchivedImage image{
        .target = {.media_type = manifest.media_type, .digest = info.digest, .size_bytes = info.size_bytes}};
    for (auto& tag : TRY(entry.strings("RepoTags")))
        image.names.push_back(TRY(oci::Reference::parse(tag)));
    return image;
}

Result<std::vector<ArchivedImage>> images_of_docker_archive(const Work& work, const ArchiveFiles& files) {
    Json document = TRY(parse_json(files.documents.at("manifest.json"), {.what = "manifest.json"}));
    std::vector<ArchivedImage> images;
    auto* entries = document.as_array();
    if (!entries) return fail(ErrorKind::invalid_argument, "manifest.json: expected a list");
    for (std::size_t i = 0; i < entries->size(); ++i) {
        JsonView entry((*entries)[i], cat("manifest.json[", i, "]"));
        images.push_back(TRY(image_of_entry(work, files, entry)));
    }
    return images;
}

/// The name that an index.json gives an image; a bare tag ("latest") is none.
std::optional<oci::Reference> annotated_name(const oci::Descriptor& descriptor) {
    for (auto key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"})
        for (auto& [name, value] : descriptor.annotations) {
            bool is_whole = value.find_first_of(":/") != std::string::npos;
            if (name != key || !is_whole) continue;
            if (auto reference = oci::Reference::parse(value)) return *reference;
        }
    return std::nullopt;
}

Result<std::vector<ArchivedImage>> images_of_layout(const ArchiveFiles& files) {
    auto index = TRY(oci::parse_index(files.documents.at("index.json"), ""));
    std::vector<ArchivedImage> images;
    for (auto& entry : index.manifests) {
        ArchivedImage image{.target = entry};
        image.target.annotations.clear();
        image.target.platform.reset();
        if (auto name = annotated_name(entry)) image.names.push_back(*name);
        images.push_back(std::move(image));
    }
    return images;
}

Result<std::vector<ArchivedImage>> images_of(const Work& work, const ArchiveFiles& files) {
    bool is_layout = files.documents.contains("index.json") && files.documents.contains("oci-layout");
    // Archives of newer dockers are both; manifest.json has the names as Docker's users gave them.
    if (files.documents.contains("manifest.json")) {
        auto images = images_of_docker_archive(work, files);
        if (images || !is_layout) return images;
    }
    if (is_layout) return images_of_layout(files);
    return fail(ErrorKind::invalid_argument, "the archive is neither one of 'docker save' nor an OCI layout")
        .set_hint("a root file system is taken in with 'import'");
}

}  // namespace

Result<std::vector<LoadedImage>> Images::load_archive(layer::ByteSource& archive,
                                                      const LoadRequest& request) {
    auto lease = TRY(store::Hold::begin(state_->parts.database, request.ns));
    Reporter report(request.progress);
    Reporter silent(nullptr);
    Work reading{
        .images = *state_, .ns = request.ns, .lease = lease, .report = report, .cancel = request.cancel};
    auto files = TRY(read_archive(reading, archive));
    Work unpacking{
        .images = *state_, .ns = request.ns, .lease = lease, .report = silent, .cancel = request.cancel};
    std::vector<LoadedImage> loaded;
    for (auto& image : TRY(images_of(reading, files))) {
        auto facts = TRY(fetch_facts(unpacking, image.target, request.platform, false));
        TRY(unpack_layers(unpacking, facts));
        Image row{.target = image.target, .labels = {{std::string(kPlatformLabel), request.platform.text()}}};
        for (auto& name : image.names) {
            row.name = name.text();
            TRY(move_name(names_, request.ns, row));
            loaded.push_back({.name = name.familiar(), .config = facts.manifest.config.digest});
        }
        if (!image.names.empty()) continue;
        row.name = cat(kDanglingPrefix, image.target.digest.text());
        TRY(names_.put(request.ns, row));
        loaded.push_back({.name = "", .config = facts.manifest.config.digest});
    }
    return loaded;
}

}  // namespace tare::transfer
