// Any bytes, compressed or not, are an archive that is read to its end or an error.

#include <cstddef>
#include <cstdint>

#include "image/layer/decompress.h"
#include "image/layer/tar_reader.h"

namespace {

using namespace tare;
using namespace tare::layer;

Result<> read_all(ByteSource& source) {
    TarReader reader(source, {.file_bytes = 1 << 20, .entries = 1000});
    TarEntry entry;
    while (TRY(reader.next(entry))) {
        for (auto piece = TRY(reader.data()); !piece.bytes.empty(); piece = TRY(reader.data())) {
        }
    }
    return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    StringSource plain(bytes);
    (void)read_all(plain);
    StringSource compressed(bytes);
    Decompressor decompressor(compressed, {.output_bytes = 1 << 20});
    (void)read_all(decompressor);
    return 0;
}
