#include "apps/tared/embedded_image.h"

// The assembler copies the file: a literal of a megabyte would cost the compiler seconds.
__asm__(
    ".section .rodata.tare_embedded_image, \"a\"\n"
    ".balign 16\n"
    "tare_embedded_image_begin:\n"
    ".incbin \"" TARE_EMBEDDED_IMAGE
    "\"\n"
    "tare_embedded_image_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const char tare_embedded_image_begin[];
extern const char tare_embedded_image_end[];
}

namespace tare::tared {

transfer::EmbeddedImage embedded_image() {
    return {.repository = "tare.internal/busybox",
            .archive = {tare_embedded_image_begin, tare_embedded_image_end}};
}

}  // namespace tare::tared
