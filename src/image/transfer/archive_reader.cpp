#include "image/transfer/archive_reader.h"

#include "image/layer/apply.h"
#include "image/layer/decoder.h"
#include "posix/random.h"

namespace tare::transfer {

namespace {

constexpr std::size_t kDocumentLimit = oci::kManifestLimitBytes;
constexpr std::size_t kFilesLimit = 16'384;
constexpr int kLinkDepth = 8;

bool is_document(std::string_view path) {
    return path == "manifest.json" || path == "index.json" || path == "oci-layout";
}

/// The digest that an OCI layout's path promises; empty for other paths.
Digest promised_digest(std::string_view path) {
    auto parts = split(path, '/');
    if (parts.size() != 3 || parts[0] != "blobs") return {};
    return Digest::parse(cat(parts[1], ":", parts[2])).value_or(Digest());
}

std::string directory_of(std::string_view path) {
    auto slash = path.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash + 1));
}

class ArchiveReading {
  public:
    ArchiveReading(const Work& work, layer::ByteSource& archive)
        : work_(work), plain_(work.images.parts.worker, archive, work.cancel), tar_(plain_) {}

    Result<ArchiveFiles> run() {
        layer::TarEntry entry;
        while (TRY(tar_.next(entry))) {
            if (work_.cancel.stop_requested()) return fail(ErrorKind::cancelled, "context canceled");
            if (files_.blobs.size() + files_.links.size() >= kFilesLimit)
                return fail(ErrorKind::resource_exhausted, "the archive has more than ", kFilesLimit,
                            " files");
            TRY(take(entry));
        }
        return std::move(files_);
    }

  private:
    Result<> take(const layer::TarEntry& entry) {
        std::string path = TRY(layer::clean_entry_name(entry.path));
        switch (entry.type) {
            case layer::TarType::regular:
                return is_document(path) ? take_document(path, entry) : take_blob(path, entry);
            case layer::TarType::symlink:
                return take_link(path, cat(directory_of(path), entry.link_target));
            case layer::TarType::hard_link:
                return take_link(path, entry.link_target);
            default:
                return {};
        }
    }

    Result<> take_link(const std::string& path, std::string_view target) {
        files_.links[path] = TRY(layer::clean_entry_name(target));
        return {};
    }

    Result<> take_document(const std::string& path, const layer::TarEntry& entry) {
        if (entry.size_bytes > kDocumentLimit)
            return fail(ErrorKind::resource_exhausted, path, " is larger than ", kDocumentLimit, " bytes");
        std::string text;
        for (auto piece = TRY(tar_.data()); !piece.bytes.empty(); piece = TRY(tar_.data()))
            text += piece.bytes;
        files_.documents[path] = std::move(text);
        return {};
    }

    Result<> take_blob(const std::string& path, const layer::TarEntry& entry) {
        Digest promised = promised_digest(path);
        // What a path does not promise is found out; such an ingest is of use to this load alone.
        std::string ref = cat("load-", TRY(posix::random_hex(8)));
        auto ingest = TRY(work_.content().begin(
            work_.ns, ref,
            {.expected_digest = promised, .expected_size = entry.size_bytes, .lease = work_.lease.id()}));
        std::string id(promised.empty() ? std::string_view(path).substr(0, 12) : promised.short_hex());
        std::string first;
        std::uint64_t done = 0;
        for (auto piece = TRY(tar_.data()); !piece.bytes.empty(); piece = TRY(tar_.data())) {
            if (first.size() < 8) first += piece.bytes.substr(0, 8 - first.size());
            if (ingest) TRY(ingest->write(piece.bytes));
            done += piece.bytes.size();
            work_.report.count(id, "Loading layer", done, entry.size_bytes);
        }
        ArchivedBlob blob{.digest = promised, .size_bytes = entry.size_bytes};
        if (ingest) {
            auto info = ingest->commit();
            if (!info && info.error().is(ErrorKind::failed_precondition))
                return fail(ErrorKind::data_loss, "archive: ", path, " is not what its name says");
            blob.digest = TRY(std::move(info))
            .digest;
        }
        auto codec = layer::detect_codec(first);
        blob.codec = codec ? *codec : layer::Codec::none;
        files_.blobs[path] = blob;
        return {};
    }

    const Work& work_;
    layer::ConfinedDecoder plain_;
    layer::TarReader tar_;
    ArchiveFiles files_;
};

}  // namespace

Result<ArchivedBlob> ArchiveFiles::blob(std::string_view path) const {
    std::string name = TRY(layer::clean_entry_name(path));
    for (int depth = 0; depth < kLinkDepth; ++depth) {
        if (auto found = blobs.find(name); found != blobs.end()) return found->second;
        auto link = links.find(name);
        if (link == links.end()) break;
        name = link->second;
    }
    return fail(ErrorKind::not_found, "the archive has no file ", quote(path));
}

Result<ArchiveFiles> read_archive(const Work& work, layer::ByteSource& archive) {
    return ArchiveReading(work, archive).run();
}

}  // namespace tare::transfer
