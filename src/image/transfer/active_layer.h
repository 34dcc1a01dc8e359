#pragma once

// A layer being unpacked: an active snapshot that becomes a committed one, or goes away again.

#include <string>

#include "image/layer/apply.h"
#include "image/snapshot/snapshotter.h"
#include "image/transfer/work.h"

namespace tare::transfer {

/// Keys of snapshots that are being unpacked; at a start of the daemon none of them is alive.
inline constexpr std::string_view kExtractPrefix = "extract-";

class ActiveLayer {
  public:
    /// Prepares a snapshot on `parent` ("" for one that gets its parent at commit()).
    static Result<ActiveLayer> prepare(const Work& work, const Digest& chain_id, const std::string& parent);
    ActiveLayer(ActiveLayer&& other) noexcept;
    ActiveLayer& operator=(ActiveLayer&&) = delete;
    /// Removes what was not committed.
    ~ActiveLayer();
    /// The same now. resource_exhausted if the disk is too full to note it: clear() then makes room.
    Result<> remove();
    /// Empties it, unless it was committed: no more use can be made of it.
    void clear();

    /// Decompresses and applies (layer/unpack.h); data_loss if the content's diff id is not `diff_id`.
    Result<> unpack(const Work& work, layer::ByteSource& compressed, const Digest& diff_id);
    /// Gives directories that the layer only implies what the layers below say of them.
    Result<> adopt(std::span<const int> lower_roots);
    const std::vector<std::string>& implied_directories() const { return applied_.implied_directories; }
    /// Its own directory.
    int upper() const { return trees_.upper.get(); }

    /// Success as well if the chain id was committed by somebody else meanwhile.
    Result<> commit(const std::string& parent, snapshot::Durability durability);

  private:
    ActiveLayer(snapshot::Snapshotter& snapshotter, std::string key, std::string name)
        : snapshotter_(&snapshotter), key_(std::move(key)), name_(std::move(name)) {}

    snapshot::Snapshotter* snapshotter_;
    std::string key_;   ///< empty once it is committed
    std::string name_;  ///< the chain id
    snapshot::Trees trees_;
    layer::AppliedLayer applied_;
};

}  // namespace tare::transfer
