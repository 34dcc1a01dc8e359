#include "image/layer/unpack.h"

#include "image/layer/worker_process.h"

namespace tare::layer {

Result<AppliedLayer> unpack_layer(const WorkerProgram& program, ByteSource& compressed, int root,
                                  const UnpackOptions& options) {
    const char* task = options.whiteouts == WhiteoutFormat::overlay ? worker_task::unpack_overlay
                                                                    : worker_task::unpack_literal;
    auto worker =
        TRY(WorkerProcess::start(program, task, compressed, {{root, worker_fd::root}}, options.cancel));
    do {
        TRY(worker->wait());
    } while (TRY(worker->read_report()));
    auto layer = TRY(worker->finish());
    worker.reset();
    TRY(mark_opaque(root, layer.opaque_directories));
    return layer;
}

}  // namespace tare::layer
