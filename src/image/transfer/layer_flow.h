#pragma once

// The bytes of one layer on their way: from the registry into content and, at the same time, through the
// decompressor into a snapshot.

#include "image/transfer/active_layer.h"
#include "image/transfer/work.h"

namespace tare::transfer {

struct LayerPlan {
    oci::Descriptor descriptor;
    Digest diff_id;
    Digest chain_id;
    std::string parent;  ///< chain id of the layer below; "" for the lowest
    std::string id;      ///< as progress names it
};

/// Brings the blob into content; nothing to do if it is there.
Result<> download(const Work& work, const LayerPlan& plan);

/// Brings the blob into content if it is not there, and unpacks it into `active` while it arrives. The
/// digest is checked before this returns; data_loss "filesystem layer verification failed for digest …".
Result<> download_and_unpack(const Work& work, const LayerPlan& plan, ActiveLayer& active);

/// Unpacks a blob that is in content.
Result<> unpack_blob(const Work& work, const LayerPlan& plan, ActiveLayer& active);

}  // namespace tare::transfer
