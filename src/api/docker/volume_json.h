#pragma once

#include <optional>

#include "base/json.h"
#include "engine/volume/volumes.h"

namespace tare::docker {

/// A volume as the API shows it, with its use where that was asked for (system df).
Json volume_document(const volume::Volume& volume, const std::optional<volume::Usage>& usage = {});

}  // namespace tare::docker
