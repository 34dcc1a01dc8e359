#pragma once

// The image that tared carries: Debian's busybox, made by packaging/busybox_image.py while building.

#include "image/transfer/images.h"

namespace tare::tared {

/// Its repository is "tare.internal/busybox"; the bytes are part of the program.
transfer::EmbeddedImage embedded_image();

}  // namespace tare::tared
