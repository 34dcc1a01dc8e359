#pragma once

// The one door through which layers become files: a worker unpacks each.

#include <stop_token>

#include "image/layer/apply.h"
#include "image/layer/worker.h"

namespace tare::layer {

struct UnpackOptions {
    WhiteoutFormat whiteouts = WhiteoutFormat::overlay;
    std::stop_token cancel = {};
};

/// Decompresses `compressed` (any codec of decompress.h) and unpacks it below `root`, as apply_layer() does
/// without lower roots, in a process that reaches nothing else. `implied_directories` are left to adopt.
///
/// Errors of apply_layer() and of `compressed`; cancelled; deadline_exceeded if the decoder is stuck;
/// internal if the process ends without a word. When this returns it is gone, and nothing is written below
/// the root.
Result<AppliedLayer> unpack_layer(const WorkerProgram& program, ByteSource& compressed, int root,
                                  const UnpackOptions& options = {});

}  // namespace tare::layer
