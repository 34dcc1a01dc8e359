#pragma once

// What of an exec is kept in the bundle, so that its exit code can be asked for after a restart of the
// daemon.

#include "engine/supervisor/supervisor.h"

namespace tare::supervisor {

Json exec_record(const ExecInfo& info);
Result<ExecInfo> parse_exec_record(const std::string& text);

}  // namespace tare::supervisor
