#pragma once

// The collector of what is in the tables: content, ingests, snapshots, expired leases and images.
//
// Roots: images and containers (their target, snapshot, image digest and gc.ref labels), leases that have
// not expired (their resources), content and snapshots with a gc.root label, ingests and active snapshots
// that are young. References: labels.h, and the parent of a snapshot.
//
//     gc::Collector collector(database, {.file_removers = {
//         [&]() -> Result<> { TRY(content.remove_unreferenced_files()); return {}; },
//         [&] { return snapshotter.cleanup(); }}});
//     collector.start([&](const gc::Collection& removed) { … });      // the daemon
//     collector.trigger();                                            // after rmi, rm, a lease's end

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/database.h"

namespace tare::gc {

/// What a collection removed.
struct Collection {
    std::uint64_t content = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t ingests = 0;
    std::uint64_t leases = 0;
    std::uint64_t images = 0;
    /// Of content that no other namespace knows, and of committed snapshots: what their files took.
    std::uint64_t freed_bytes = 0;
    /// Names as they are in the tables, for events: "default/sha256:…", "overlayfs/KEY", "default/NAME".
    std::vector<std::string> removed_content;
    std::vector<std::string> removed_snapshots;
    std::vector<std::string> removed_images;

    bool is_empty() const { return content + snapshots + ingests + leases + images == 0; }
};

struct CollectorOptions {
    /// Called after rows were removed (and once by start()): they remove files without rows. A failure is
    /// logged and tried again the next time. content::Store::remove_unreferenced_files, cleanup() of each
    /// snapshotter.
    std::vector<std::function<Result<>()>> file_removers;
    std::chrono::seconds ingest_lifetime = std::chrono::hours(24);
    /// Younger active snapshots and views are roots, so that whoever prepares one has time to write the row
    /// that refers to it. In the normal course their owners remove them; this is about what crashes leave.
    std::chrono::seconds active_lifetime = std::chrono::minutes(15);
    /// In the background: so long after the last trigger(), and at the latest after `interval`.
    std::chrono::milliseconds delay = std::chrono::milliseconds(500);
    std::chrono::seconds interval = std::chrono::minutes(10);
};

/// All methods may be called from any thread. The database, and what the removers use, must outlive it.
class Collector {
  public:
    Collector(store::Database& database, CollectorOptions options);
    ~Collector();

    /// Collects now and returns when rows and files are gone. Collections stand in line.
    Result<Collection> collect();

    /// Starts the background thread (once); `report` is told of each collection that removed something.
    void start(std::function<void(const Collection&)> report = {});
    /// Asks for a collection soon: something was removed. Cheap, and many at once are one.
    void trigger();
    /// Ends the background thread; also what the destructor does.
    void stop();

  private:
    void remove_files();
    void run(const std::function<void(const Collection&)>& report);

    store::Database& database_;
    CollectorOptions options_;
    std::mutex collecting_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable changed_;
    bool is_triggered_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace tare::gc
