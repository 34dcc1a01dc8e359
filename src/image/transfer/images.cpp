#include "image/transfer/images.h"

#include "base/log.h"
#include "image/transfer/active_layer.h"
#include "image/transfer/work.h"

namespace tare::transfer {

namespace {

/// What a SIGKILL left half unpacked.
void remove_leftovers(snapshot::Snapshotter& snapshotter) {
    std::vector<std::string> keys;
    auto walked = snapshotter.walk([&](const snapshot::Info& info) -> Result<> {
        if (info.kind != snapshot::Kind::committed && info.name.starts_with(kExtractPrefix))
            keys.push_back(info.name);
        return {};
    });
    if (!walked) log::failure("look for half unpacked layers", walked.error());
    for (auto& key : keys) {
        auto removed = snapshotter.remove(key);
        if (!removed) log::failure("remove a half unpacked layer", removed.error());
    }
}

}  // namespace

Images::Images(const Parts& parts, const Limits& limits)
    : names_(parts.database), state_(std::make_unique<State>(parts, limits)) {
    remove_leftovers(parts.snapshotter);
}

Images::~Images() = default;

bool Images::is_unpacked(const ResolvedImage& image) {
    if (image.chain_id.empty()) return true;
    return state_->parts.snapshotter.stat(image.chain_id.text()).has_value();
}

Result<Digest> Images::unpack(std::string_view ns, const ResolvedImage& image,
                              const std::stop_token& cancel) {
    if (is_unpacked(image)) return image.chain_id;
    auto lease = TRY(store::Hold::begin(state_->parts.database, ns));
    Reporter silent(nullptr);
    Work work{.images = *state_, .ns = std::string(ns), .lease = lease, .report = silent, .cancel = cancel};
    ImageFacts facts{.manifest_descriptor = image.manifest_descriptor,
                     .manifest = image.manifest,
                     .config = image.config,
                     .chain = oci::chain_ids(image.config.diff_ids)};
    TRY(unpack_layers(work, facts));
    return image.chain_id;
}

Result<> Images::tag(std::string_view ns, const ResolvedImage& image, const oci::Reference& name) {
    Image row{.name = name.text(), .target = image.target};
    row.labels[std::string(kPlatformLabel)] = image.config.platform.text();
    return move_name(names_, std::string(ns), row);
}

Result<> Images::untag(std::string_view ns, std::string_view name) {
    return names_.remove(ns, name);
}

Result<> move_name(ImageStore& names, const std::string& ns, const Image& image) {
    auto before = names.get(ns, image.name);
    TRY(names.put(ns, image));
    if (!before || before->target.digest == image.target.digest) return {};
    auto others = TRY(names.list_by_target(ns, before->target.digest));
    if (!others.empty()) return {};
    before->name = cat(kDanglingPrefix, before->target.digest.text());
    TRY(names.put(ns, *before));
    return {};
}

}  // namespace tare::transfer
