#pragma once

// The statements on `blobs` and `ingests`. Private to this folder.

#include "image/content/store.h"

namespace tare::content::rows {

/// What an `ingests` row says.
struct IngestRow {
    std::string name_space;
    std::string ref;
    std::string file;
    Digest expected_digest;
    std::optional<std::uint64_t> expected_size;
    store::Labels labels;
    Time started;
    Time updated;
};

Result<std::optional<Info>> find_blob(store::Transaction& t, std::string_view name_space,
                                      const Digest& digest);
/// At most `limit` blobs after that digest, in order.
Result<std::vector<Info>> list_blobs(store::Transaction& t, std::string_view name_space, const Digest& after,
                                     int limit);
/// The size that some namespace knows for it, nothing if none has it.
Result<std::optional<std::uint64_t>> size_anywhere(store::Transaction& t, const Digest& digest);
/// Adds the row, or the labels to the row that is there; returns what it says then.
Result<Info> put_blob(store::Transaction& t, std::string_view name_space, const Digest& digest,
                      std::uint64_t size_bytes, const store::Labels& labels);
Result<> set_labels(store::Transaction& t, std::string_view name_space, const Info& info);
/// False if there was no row.
Result<bool> remove_blob(store::Transaction& t, std::string_view name_space, const Digest& digest);

Result<std::optional<IngestRow>> find_ingest(store::Transaction& t, std::string_view name_space,
                                             std::string_view ref);
/// Of one namespace, of all if it is empty.
Result<std::vector<IngestRow>> list_ingests(store::Transaction& t, std::string_view name_space);
/// Adds or replaces.
Result<> put_ingest(store::Transaction& t, const IngestRow& row);
Result<> remove_ingest(store::Transaction& t, std::string_view name_space, std::string_view ref);

}  // namespace tare::content::rows
