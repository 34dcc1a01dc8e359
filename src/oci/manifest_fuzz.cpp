// What a registry serves: manifests, indexes, configurations and names are read or refused, and a name that
// is read must be read again as itself.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "oci/image_config.h"
#include "oci/manifest.h"
#include "oci/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tare;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)oci::parse_manifest(text, "");
    (void)oci::parse_index(text, "");
    (void)oci::parse_image_config(text);
    auto name = oci::Reference::parse(text);
    if (!name) return 0;
    auto again = oci::Reference::parse(name->text());
    if (!again || *again != *name) std::abort();
    return 0;
}
