// A config.json that is accepted must be written as one that is accepted, too.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "oci/runtime_spec.h"
#include "oci/seccomp_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tare;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto spec = oci::parse_runtime_spec(text);
    if (spec && !oci::parse_runtime_spec(dump(oci::to_json(*spec)))) std::abort();
    // A seccomp profile comes from a user's file: it must be read or refused.
    (void)oci::resolve_seccomp_profile(text, {.architecture = "amd64", .kernel_release = "6.1.0"});
    return 0;
}
