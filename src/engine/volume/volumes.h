#pragma once

// Named directories that outlive containers (`docker volume`), by the local driver.
//
//     Volume data = TRY(volumes.create({.name = "data"}));             // or get()
//     TRY(volumes.reference("data", "default/4f0c…"));                // container is created
//     TRY(volumes.populate("data", directory_in_the_image.get()));     // fills it if it is empty
//     Source source = TRY(volumes.mount("data", "default/4f0c…"));    // container starts: bind this
//     TRY(volumes.unmount("data", "default/4f0c…"));                  // container has stopped
//     TRY(volumes.release("default/4f0c…"));                          // container is removed
//
// On disk: ROOT/volumes/NAME/_data and a row in `volumes`. The row is written after the directory and
// removed before it; what SIGKILL leaves is a directory without a row, which create() of that name takes
// over empty and repair() removes. A volume with driver options (type, device, o) is mounted on its
// _data while a container that uses it runs; of a bind there is no mount, its device is the source.
//
// Containers are named "NAMESPACE/ID". Threads: every member may be called from any thread.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tare::store {
class Database;
}

namespace tare::volume {

using Labels = std::map<std::string, std::string>;

/// The local driver's options: "type", "device", "o" as mount(8) has them. None: a directory of ours.
using DriverOptions = std::map<std::string, std::string>;

struct Volume {
    std::string name;
    std::string driver = "local";
    std::string mountpoint;  ///< ROOT/volumes/NAME/_data
    Labels labels;
    DriverOptions options;
    bool is_anonymous = false;  ///< it was created without a name
    Time created;
};

struct CreateRequest {
    std::string name;    ///< empty: 64 random hex digits, and it is anonymous
    std::string driver;  ///< empty: local
    Labels labels;
    DriverOptions options;
};

/// What a container mounts.
struct Source {
    std::string path;
    bool is_read_only = false;  ///< by the volume's own options
};

/// What `system df -v` shows.
struct Usage {
    std::uint64_t size_bytes = 0;
    std::size_t containers = 0;  ///< that refer to it, running or not
};

struct PruneReport {
    std::vector<std::string> removed;
    std::uint64_t reclaimed_bytes = 0;
};

enum class Force { no, yes };

/// invalid_argument, in Docker's words, unless the name is [a-zA-Z0-9][a-zA-Z0-9_.-]+ of at most 255
/// characters (security rule R15).
Result<> check_volume_name(std::string_view name);

class Volumes {
  public:
    /// Opens the volumes below `directory` (created 0711 if missing). Borrows the database.
    static Result<std::unique_ptr<Volumes>> open(const std::string& directory, store::Database& database);

    /// The volume of that name, made unless it is there already. already_exists if it is there with
    /// another driver or other options; not_found for an unknown driver; invalid_argument for a name or
    /// options that cannot be; unimplemented for nfs and cifs.
    Result<Volume> create(const CreateRequest& request);
    /// not_found: "get NAME: no such volume".
    Result<Volume> get(const std::string& name);
    /// By name.
    Result<std::vector<Volume>> list();
    /// Removes row and files. failed_precondition naming the containers that use it (Force does not
    /// help against that; it makes an absent volume success).
    Result<> remove(const std::string& name, Force force = Force::no);
    /// Removes what no container uses and `wanted` is true for.
    Result<PruneReport> prune(const std::function<bool(const Volume&)>& wanted);

    /// A container uses the volume from now on, running or not. not_found if there is no such volume.
    Result<> reference(const std::string& name, const std::string& container);
    /// The container uses none any more; answers which it had used. Anonymous ones are for the caller to
    /// remove.
    Result<std::vector<Volume>> release(const std::string& container);
    /// The containers that refer to a volume.
    Result<std::vector<std::string>> users(const std::string& name);

    /// If the volume is empty, copies the content of an image's directory into it and gives its root owner,
    /// mode and attributes of that directory: when a container is created, as Docker does. A volume with
    /// a file system of its own is filled only while it is mounted. On failure it is empty again.
    Result<> populate(const std::string& name, int image_directory);

    /// Makes the volume ready for a container that starts. Idempotent.
    Result<Source> mount(const std::string& name, const std::string& container);
    /// A container has stopped; the last one's unmounts. Idempotent.
    Result<> unmount(const std::string& name, const std::string& container);

    /// Allocated bytes and the number of containers.
    Result<Usage> usage(const std::string& name);

    /// To be called at start: removes directories without rows, and unmounts what no container uses that
    /// `is_running` is true for.
    Result<> repair(const std::function<bool(const std::string& container)>& is_running);

  private:
    Volumes(std::string directory, store::Database& database)
        : directory_(std::move(directory)), database_(&database) {}

    Result<> restore_mount(const Volume& volume,
                           const std::function<bool(const std::string& container)>& is_running);
    std::string directory_of(const std::string& name) const { return directory_ + "/" + name; }
    std::string data_of(const std::string& name) const { return directory_of(name) + "/_data"; }

    std::string directory_;
    store::Database* database_;
    /// Guards the files of volumes against each other: create, populate, mount, remove of one name.
    std::mutex mutex_;
    std::map<std::string, std::set<std::string>> running_;  ///< volume → running containers
};

}  // namespace tare::volume
