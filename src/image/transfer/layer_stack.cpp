#include "image/transfer/layer_stack.h"

#include "base/fault.h"
#include "base/log.h"
#include "image/transfer/gc_labels.h"
#include "posix/random.h"

namespace tare::transfer {

LayerStack::LayerStack(const Work& work, const ImageFacts& facts)
    : side_by_side_(work.snapshotter().can_rebase()),
      chained_(work.cancel, [this] { stop_.request_stop(); }),
      work_(work),
      slots_(facts.chain.size()) {
    work_.cancel = stop_.get_token();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& layer = facts.manifest.layers[i];
        slots_[i].plan = {.descriptor = layer,
                          .diff_id = facts.config.diff_ids[i],
                          .chain_id = facts.chain[i],
                          .parent = i == 0 ? "" : facts.chain[i - 1].text(),
                          .id = std::string(layer.digest.short_hex())};
    }
}

LayerStack::~LayerStack() {
    stop_.request_stop();
    threads_.clear();
    remove_layers();
    view_ = {};
    if (view_key_.empty()) return;
    auto removed = work_.snapshotter().remove(view_key_);
    if (!removed) log::failure("remove a view", removed.error(), log::Level::warning);
}

/// What was not committed. A full disk has no room to note that it gets room, and any of the layers may be
/// what fills it: then the bytes of all go first.
void LayerStack::remove_layers() {
    bool is_full = false;
    for (Slot& slot : slots_) {
        if (!slot.active) continue;
        auto removed = slot.active->remove();
        is_full = is_full || (!removed && removed.error().is(ErrorKind::resource_exhausted));
    }
    for (Slot& slot : slots_)
        if (is_full && slot.active) slot.active->clear();
}

void LayerStack::announce() {
    // The highest layer that is there vouches for those below it.
    for (first_missing_ = slots_.size(); first_missing_ > 0; --first_missing_)
        if (work_.snapshotter().stat(slots_[first_missing_ - 1].plan.chain_id.text())) break;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        slots_[i].was_there = i < first_missing_;
        if (slots_[i].was_there) slots_[i].phase = Phase::ready;
        work_.report.line(slots_[i].plan.id, slots_[i].was_there ? "Already exists" : "Pulling fs layer");
    }
    auto slots = static_cast<std::size_t>(work_.images.limits.concurrent_downloads);
    for (std::size_t i = first_missing_ + slots; i < slots_.size(); ++i)
        work_.report.line(slots_[i].plan.id, "Waiting");
    next_ = first_missing_;
}

Result<> LayerStack::run() {
    announce();
    if (first_missing_ == slots_.size()) return {};
    // What is there already is held as well: the image row that keeps it may go meanwhile.
    for (std::size_t i = 0; i < first_missing_; ++i)
        TRY(work_.lease.add(store::ResourceKind::snapshot,
                            cat(work_.snapshotter().name(), "/", slots_[i].plan.chain_id.text())));
    auto wanted = std::min(static_cast<std::size_t>(work_.images.limits.concurrent_downloads),
                           slots_.size() - first_missing_);
    for (std::size_t i = 0; i < wanted; ++i)
        threads_.emplace_back([this] { work_on_layers(); });
    return finish();
}

void LayerStack::work_on_layers() {
    while (!work_.cancel.stop_requested()) {
        Slot* slot = nullptr;
        {
            std::lock_guard lock(mutex_);
            if (next_ == slots_.size()) return;
            slot = &slots_[next_++];
        }
        settle(*slot, make_ready(*slot));
    }
}

void LayerStack::settle(Slot& slot, Result<> outcome) {
    std::lock_guard lock(mutex_);
    slot.phase = outcome ? Phase::ready : Phase::failed;
    if (!outcome) {
        slot.error = std::move(outcome.error());
        stop_.request_stop();
    }
    changed_.notify_all();
}

Result<> LayerStack::make_ready(Slot& slot) {
    auto& plan = slot.plan;
    slot.alone = TRY(work_.images.chains.take(plan.chain_id.text(), work_.cancel));
    TRY(work_.lease.add(store::ResourceKind::snapshot,
                        cat(work_.snapshotter().name(), "/", plan.chain_id.text())));
    if (work_.snapshotter().stat(plan.chain_id.text())) {
        // Another pull has made it while this one waited. Keeping the key would make two pulls wait for
        // each other.
        slot.was_there = true;
        slot.alone.release();
        work_.report.line(plan.id, "Already exists");
        return {};
    }
    if (!side_by_side_) return download(work_, plan);
    slot.active.emplace(TRY(ActiveLayer::prepare(work_, plan.chain_id, "")));
    return download_and_unpack(work_, plan, *slot.active);
}

Result<> LayerStack::finish() {
    std::size_t done = first_missing_;
    while (done < slots_.size()) {
        auto end = TRY(wait_for(done));
        TRY(finish_batch(done, end));
        done = end;
    }
    return {};
}

/// Waits until the layer is ready; the end of those behind it that are ready too.
Result<std::size_t> LayerStack::wait_for(std::size_t first) {
    std::unique_lock lock(mutex_);
    auto first_failure = [&]() -> const Slot* {
        const Slot* found = nullptr;
        for (auto& slot : slots_)
            if (slot.phase == Phase::failed && (!found || found->error.is(ErrorKind::cancelled)))
                found = &slot;
        return found;
    };
    changed_.wait(lock, [&] { return slots_[first].phase != Phase::waiting || first_failure(); });
    if (auto* failed = first_failure()) return failed->error;
    std::size_t end = first;
    while (end < slots_.size() && slots_[end].phase == Phase::ready)
        ++end;
    return end;
}

Result<> LayerStack::finish_batch(std::size_t first, std::size_t end) {
    for (std::size_t i = first; side_by_side_ && i < end; ++i) {
        auto& active = slots_[i].active;
        if (active && !active->implied_directories().empty()) TRY(active->adopt(TRY(lower_roots(i))));
    }
    // One wait for the disk for all of them.
    if (side_by_side_) TRY(work_.snapshotter().sync());
    TRY(fault::point("transfer.unpack.synced"));
    for (std::size_t i = first; i < end; ++i) {
        auto& slot = slots_[i];
        if (slot.was_there) continue;
        if (side_by_side_)
            TRY(slot.active->commit(slot.plan.parent, snapshot::Durability::synced));
        else
            TRY(finish_on_parent(slot));
        TRY(fault::point("transfer.unpack.committed"));
        work_.report.line(slot.plan.id, "Pull complete");
        slot.alone.release();
    }
    return {};
}

/// Full copies grow out of their parent: one after another.
Result<> LayerStack::finish_on_parent(Slot& slot) {
    slot.active.emplace(TRY(ActiveLayer::prepare(work_, slot.plan.chain_id, slot.plan.parent)));
    TRY(unpack_blob(work_, slot.plan, *slot.active));
    return slot.active->commit("", snapshot::Durability::sync_now);
}

/// The directories below a layer, nearest first: of those that were unpacked here, and then through a view
/// of the nearest one that was there.
Result<std::vector<int>> LayerStack::lower_roots(std::size_t index) {
    std::vector<int> roots;
    while (index > 0) {
        auto& below = slots_[--index];
        if (below.active) {
            roots.push_back(below.active->upper());
            continue;
        }
        if (view_key_.empty()) {
            std::string key = cat(kExtractPrefix, TRY(posix::random_hex(6)), " view");
            TRY(work_.lease.add(store::ResourceKind::snapshot, cat(work_.snapshotter().name(), "/", key)));
            TRY(work_.snapshotter().view(key, below.plan.chain_id.text(), {}));
            view_key_ = key;
            view_ = TRY(work_.snapshotter().open_trees(key));
        }
        roots.push_back(view_.upper.get());
        auto lowers = view_.lower_roots();
        roots.insert(roots.end(), lowers.begin(), lowers.end());
        return roots;
    }
    return roots;
}

Result<> unpack_layers(const Work& work, const ImageFacts& facts) {
    if (facts.chain.empty()) return {};
    {
        LayerStack stack(work, facts);
        TRY(stack.run());
    }
    auto labels = snapshot_labels(work.snapshotter().name(), facts.chain.back());
    store::LabelChanges changes;
    for (auto& [key, value] : labels)
        changes[key] = value;
    TRY(work.content().update_labels(work.ns, facts.manifest.config.digest, changes));
    return {};
}

}  // namespace tare::transfer
