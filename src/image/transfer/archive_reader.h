#pragma once

// The files of an image archive: blobs go into content as they come, documents stay in memory.

#include <map>
#include <string>
#include <vector>

#include "image/layer/byte_stream.h"
#include "image/layer/decompress.h"
#include "image/layer/tar_reader.h"
#include "image/transfer/work.h"

namespace tare::transfer {

/// A file of the archive that is content now.
struct ArchivedBlob {
    Digest digest;
    std::uint64_t size_bytes = 0;
    layer::Codec codec = layer::Codec::none;
};

struct ArchiveFiles {
    std::map<std::string, ArchivedBlob> blobs;     ///< by cleaned path
    std::map<std::string, std::string> documents;  ///< manifest.json, index.json, oci-layout
    std::map<std::string, std::string> links;      ///< symlinks and hard links: path to path

    /// The blob of a path, links followed; not_found names the path.
    Result<ArchivedBlob> blob(std::string_view path) const;
};

/// Reads an archive to its end. A file named blobs/sha256/HEX must be what its name says: data_loss.
Result<ArchiveFiles> read_archive(const Work& work, layer::ByteSource& archive);

}  // namespace tare::transfer
