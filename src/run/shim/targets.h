#pragma once

// Where plain containerd clients want the streams: fifos, file://PATH, binary://PROGRAM?ARGUMENTS.
// Source: containerd, docs (runtime/v2, "Logging").

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "posix/event_loop.h"
#include "run/shim/output.h"

namespace tare::shim {

struct TargetOptions {
    std::string out;  ///< path or URI; empty: none
    std::string error;
    std::string container_id;  ///< told to a binary://
    std::string name_space;
    std::function<void()> on_room;
    std::function<void(Outlet&)> on_gone;
};

/// Opens what is named. A binary is started and has said that it is ready when this returns.
Result<std::vector<std::unique_ptr<Outlet>>> open_targets(posix::EventLoop& loop,
                                                          const TargetOptions& options);

}  // namespace tare::shim
