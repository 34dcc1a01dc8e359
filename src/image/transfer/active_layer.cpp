#include "image/transfer/active_layer.h"

#include <fcntl.h>

#include "base/log.h"
#include "image/layer/unpack.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/random.h"
#include "posix/tree.h"

namespace tare::transfer {

Result<ActiveLayer> ActiveLayer::prepare(const Work& work, const Digest& chain_id,
                                         const std::string& parent) {
    auto& snapshotter = work.snapshotter();
    std::string key = cat(kExtractPrefix, TRY(posix::random_hex(6)), " ", chain_id.text());
    // Held before they are made, so that no collection sees them unheld.
    TRY(work.lease.add(store::ResourceKind::snapshot, cat(snapshotter.name(), "/", key)));
    TRY(work.lease.add(store::ResourceKind::snapshot, cat(snapshotter.name(), "/", chain_id.text())));
    TRY(snapshotter.prepare(key, parent, {}));
    ActiveLayer layer(snapshotter, std::move(key), chain_id.text());
    layer.trees_ = TRY(snapshotter.open_trees(layer.key_));
    return layer;
}

ActiveLayer::ActiveLayer(ActiveLayer&& other) noexcept
    : snapshotter_(other.snapshotter_),
      key_(std::exchange(other.key_, {})),
      name_(std::move(other.name_)),
      trees_(std::move(other.trees_)),
      applied_(std::move(other.applied_)) {}

ActiveLayer::~ActiveLayer() {
    auto removed = remove();
    // The collector or the next start finds it.
    if (!removed) log::failure("remove a half unpacked layer", removed.error(), log::Level::warning);
}

Result<> ActiveLayer::remove() {
    if (key_.empty()) return {};
    TRY(snapshotter_->remove(key_));
    key_.clear();
    return {};
}

void ActiveLayer::clear() {
    if (key_.empty()) return;
    // What fails here, remove() tells.
    for (const std::string& name : posix::sorted_entries(upper()).value_or(std::vector<std::string>()))
        (void)posix::remove_at(upper(), name);
    // Only then does ext4 give the blocks away again.
    if (auto opened = posix::open_file(posix::descriptor_path(upper()), O_RDONLY | O_DIRECTORY))
        (void)posix::sync_file_system(opened->get());
}

Result<> ActiveLayer::unpack(const Work& work, layer::ByteSource& compressed, const Digest& diff_id) {
    applied_ = TRY(layer::unpack_layer(work.images.parts.worker, compressed, trees_.upper.get(),
                                       {.whiteouts = trees_.whiteouts, .cancel = work.cancel}));
    // Beside others there is nothing below yet; layer_stack.cpp does it when there is.
    if (applied_.diff_id == diff_id) return adopt(trees_.lower_roots());
    return fail(ErrorKind::data_loss, "wrong diff id calculated on extraction ",
                quote(applied_.diff_id.text()), ", the image's configuration says ", quote(diff_id.text()));
}

Result<> ActiveLayer::adopt(std::span<const int> lower_roots) {
    if (applied_.implied_directories.empty()) return {};
    return layer::adopt_directories(trees_.upper.get(), applied_.implied_directories, lower_roots);
}

Result<> ActiveLayer::commit(const std::string& parent, snapshot::Durability durability) {
    auto committed = snapshotter_->commit(name_, key_, {.parent = parent, .durability = durability});
    if (!committed && committed.error().is(ErrorKind::already_exists)) return {};
    TRY(std::move(committed));
    key_.clear();
    return {};
}

}  // namespace tare::transfer
