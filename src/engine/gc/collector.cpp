#include "engine/gc/collector.h"

#include "base/fault.h"
#include "base/log.h"
#include "engine/gc/graph.h"

namespace tare::gc {

namespace {

/// The number that a row-changing statement RETURNs; 0 for NULL and for no row.
Result<std::uint64_t> returned_size(store::Statement statement) {
    std::uint64_t size = 0;
    while (TRY(statement.next()))
        size += statement.size(0);
    return size;
}

/// The bytes that become free: none while another namespace knows the blob.
Result<std::uint64_t> remove_blob(store::Transaction& t, const Node& node) {
    std::uint64_t size = TRY(returned_size(TRY(t.query(
        "DELETE FROM blobs WHERE namespace = ? AND digest = ? RETURNING size", {node.name_space, node.id}))));
    auto others = TRY(t.query("SELECT 1 FROM blobs WHERE digest = ? LIMIT 1", {node.id}));
    const bool is_known = TRY(others.next());
    return is_known ? 0 : size;
}

Result<std::uint64_t> remove_snapshot(store::Transaction& t, const Node& node) {
    auto parts = cut(node.id, '/');
    return returned_size(TRY(t.query("DELETE FROM snapshots WHERE snapshotter = ? AND key = ? RETURNING size",
                                     {parts.before, parts.after.value_or("")})));
}

Result<> remove_rows(store::Transaction& t, const Node& node, Collection& collection) {
    switch (node.kind) {
        case Kind::content:
            collection.freed_bytes += TRY(remove_blob(t, node));
            ++collection.content;
            collection.removed_content.push_back(cat(node.name_space, "/", node.id));
            break;
        case Kind::snapshot:
            collection.freed_bytes += TRY(remove_snapshot(t, node));
            ++collection.snapshots;
            collection.removed_snapshots.push_back(node.id);
            break;
        case Kind::ingest:
            TRY(t.execute("DELETE FROM ingests WHERE namespace = ? AND ref = ?", {node.name_space, node.id}));
            ++collection.ingests;
            break;
        case Kind::image:
            TRY(t.execute("DELETE FROM images WHERE namespace = ? AND name = ?", {node.name_space, node.id}));
            ++collection.images;
            collection.removed_images.push_back(cat(node.name_space, "/", node.id));
            break;
        case Kind::container:
            break;  // a root, always
    }
    return {};
}

/// Mark and sweep within one writing transaction: see docs/decisions/0010-one-transaction-collects.md.
Result<Collection> sweep(store::Transaction& t, const GraphOptions& options) {
    Collection collection;
    Graph graph = TRY(read_graph(t, options));
    for (const auto& node : graph.garbage())
        TRY(remove_rows(t, node, collection));
    for (const auto& [name_space, id] : graph.expired_leases) {
        TRY(t.execute("DELETE FROM leases WHERE namespace = ? AND id = ?", {name_space, id}));
        ++collection.leases;
    }
    TRY(fault::point("gc.swept"));
    return collection;
}

}  // namespace

Collector::Collector(store::Database& database, CollectorOptions options)
    : database_(database), options_(std::move(options)) {}

Collector::~Collector() {
    stop();
}

Result<Collection> Collector::collect() {
    std::lock_guard lock(collecting_);
    GraphOptions options{.at = now(),
                         .ingest_lifetime = options_.ingest_lifetime,
                         .active_lifetime = options_.active_lifetime};
    Collection collection;
    {
        // Durable before files go: no row may come back whose file is gone. With nothing to remove the
        // transaction is dropped, which costs no fsync.
        store::Transaction transaction = TRY(database_.begin_write(store::Durability::power));
        collection = TRY_CONTEXT(sweep(transaction, options), "garbage collection");
        if (collection.is_empty()) return collection;
        TRY(transaction.commit());
    }
    TRY(fault::point("gc.rows_removed"));
    remove_files();
    return collection;
}

void Collector::remove_files() {
    for (const auto& remover : options_.file_removers) {
        // Files without rows stay to be found by the next collection or start.
        if (auto outcome = remover(); !outcome)
            log::failure("remove files of collected resources", outcome.error());
    }
}

void Collector::start(std::function<void(const Collection&)> report) {
    std::lock_guard lock(mutex_);
    if (thread_.joinable()) return;
    is_stopping_ = false;
    thread_ = std::thread([this, told = std::move(report)] { run(told); });
}

void Collector::trigger() {
    std::lock_guard lock(mutex_);
    is_triggered_ = true;
    changed_.notify_all();
}

void Collector::stop() {
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void Collector::run(const std::function<void(const Collection&)>& report) {
    {
        std::lock_guard lock(collecting_);
        remove_files();
    }
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        changed_.wait_for(lock, options_.interval, [&] { return is_triggered_ || is_stopping_; });
        // What comes within the delay is collected with it.
        changed_.wait_for(lock, options_.delay, [&] { return is_stopping_; });
        if (is_stopping_) return;
        is_triggered_ = false;
        lock.unlock();
        auto collection = collect();
        if (!collection) log::failure("garbage collection", collection.error());
        if (collection && !collection->is_empty() && report) report(*collection);
        lock.lock();
    }
}

}  // namespace tare::gc
