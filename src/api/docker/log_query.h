#pragma once

#include "api/docker/call.h"
#include "engine/container/containers.h"
#include "engine/container/log_reader.h"

namespace tare::docker {

/// What of a log a request asks for (stdout, stderr, since, until, tail). invalid_argument in dockerd's
/// words if it asks for no stream.
Result<container::LogQuery> log_query(Call& call);

/// unimplemented in dockerd's words for a container whose log driver keeps nothing.
Result<> expect_readable_log(const container::Container& container);

}  // namespace tare::docker
