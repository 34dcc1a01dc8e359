// Manifests, indexes and configurations: into content, and from there into structs.

#include "image/transfer/gc_labels.h"
#include "image/transfer/work.h"

namespace tare::transfer {

namespace {

constexpr std::size_t kIndexDepth = 3;

std::string ref_of(const oci::Descriptor& descriptor) {
    std::string_view kind = oci::is_index(descriptor.media_type)      ? "index"
                            : oci::is_manifest(descriptor.media_type) ? "manifest"
                                                                      : "config";
    return cat(kind, "-", descriptor.digest.text());
}

Result<> store_document(const Work& work, const oci::Descriptor& descriptor, std::string_view document,
                        store::Labels labels) {
    labels.merge(work.source_labels(descriptor.digest));
    auto ingest = TRY(work.content().begin(work.ns, ref_of(descriptor),
                                           {.expected_digest = descriptor.digest,
                                            .expected_size = descriptor.size_bytes,
                                            .labels = labels,
                                            .lease = work.lease.id()}));
    if (!ingest) return {};
    TRY(ingest->truncate(0));
    TRY(ingest->write(document));
    TRY(ingest->commit());
    return {};
}

store::LabelChanges changes_of(const store::Labels& labels) {
    store::LabelChanges changes;
    for (auto& [key, value] : labels)
        changes[key] = value;
    return changes;
}

/// The labels tell the collector what hangs on the document, so they are set as soon as it is read.
Result<> label(const Work& work, const Digest& digest, const store::Labels& labels) {
    TRY(work.content().update_labels(work.ns, digest, changes_of(labels)));
    return {};
}

Result<> check_platform(const oci::Platform& wanted, const oci::ImageConfig& config, bool must_match) {
    bool says_nothing = config.platform.os.empty() && config.platform.architecture.empty();
    if (!must_match || says_nothing || oci::match(wanted, config.platform)) return {};
    return fail(ErrorKind::not_found, "image with reference was found but its platform (",
                config.platform.text(), ") does not match the specified platform (", wanted.text(), ")")
        .set_hint("pull it with a --platform that it has");
}

/// Down from an index to the manifest of the platform.
Result<oci::Descriptor> choose_manifest(const Work& work, oci::Descriptor target,
                                        const oci::Platform& platform) {
    for (std::size_t depth = 0; oci::is_index(target.media_type); ++depth) {
        if (depth == kIndexDepth)
            return fail(ErrorKind::resource_exhausted, "index ", target.digest.text(),
                        " is nested deeper than ", kIndexDepth, " levels");
        auto index = TRY(oci::parse_index(TRY(fetch_document(work, target)), target.media_type));
        TRY(label(work, target.digest, labels_of(index)));
        target = TRY(oci::choose(index, platform));
    }
    return target;
}

}  // namespace

store::Labels Work::source_labels(const Digest& digest) const {
    if (source_host.empty()) return {};
    std::string key = source_label(source_host);
    std::string known;
    if (auto info = content().info(ns, digest))
        if (auto found = info->labels.find(key); found != info->labels.end()) known = found->second;
    return {{key, add_source(known, source_repository)}};
}

Result<std::string> fetch_document(const Work& work, const oci::Descriptor& descriptor) {
    if (descriptor.size_bytes > oci::kImageConfigLimitBytes)
        return fail(ErrorKind::resource_exhausted, descriptor.media_type, " ", descriptor.digest.text(),
                    " is larger than ", oci::kImageConfigLimitBytes, " bytes");
    // Two pulls want the same documents at the same time.
    auto alone = TRY(work.images.blobs.take(cat(work.ns, " ", descriptor.digest.text()), work.cancel));
    auto known = work.content().read(work.ns, descriptor.digest, oci::kImageConfigLimitBytes);
    if (known) {
        // Joins the lease, and gets the source.
        TRY(store_document(work, descriptor, *known, {}));
        return known;
    }
    bool is_fetchable = known.error().is(ErrorKind::not_found) || known.error().is(ErrorKind::data_loss);
    if (!is_fetchable || !work.repository) return known.error();
    auto document = TRY(work.repository->fetch_document(descriptor, work.cancel));
    TRY(store_document(work, descriptor, document, {}));
    return document;
}

Result<ImageFacts> fetch_facts(const Work& work, const oci::Descriptor& target, const oci::Platform& platform,
                               bool must_match) {
    ImageFacts facts;
    facts.manifest_descriptor = TRY(choose_manifest(work, target, platform));
    auto& descriptor = facts.manifest_descriptor;
    if (!oci::is_manifest(descriptor.media_type))
        return fail(ErrorKind::invalid_argument, "manifest ", descriptor.digest.text(),
                    " is of the unknown type ", quote(descriptor.media_type));
    facts.manifest = TRY(oci::parse_manifest(TRY(fetch_document(work, descriptor)), descriptor.media_type));
    bool is_image = facts.manifest.config.media_type == oci::media_type::oci_config ||
                    facts.manifest.config.media_type == oci::media_type::docker_config;
    if (!is_image)
        return fail(ErrorKind::invalid_argument, "unsupported media type ",
                    quote(facts.manifest.config.media_type), ": ", descriptor.digest.text(),
                    " is an artifact, not an image");
    TRY(label(work, descriptor.digest, labels_of(facts.manifest)));
    facts.config = TRY(oci::parse_image_config(TRY(fetch_document(work, facts.manifest.config))));
    TRY(check_platform(platform, facts.config, must_match));
    if (facts.config.diff_ids.size() != facts.manifest.layers.size())
        return fail(ErrorKind::data_loss, "image ", descriptor.digest.text(), " has ",
                    facts.manifest.layers.size(), " layers, but its configuration names ",
                    facts.config.diff_ids.size());
    facts.chain = oci::chain_ids(facts.config.diff_ids);
    return facts;
}

}  // namespace tare::transfer
