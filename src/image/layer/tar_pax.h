#pragma once

// PAX extended headers: "length key=value\n" records (POSIX.1-2017 pax(1), "pax Extended Header").

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/layer/tar_entry.h"

namespace tare::layer {

/// The records that mean something to us, parsed. A key that is absent leaves the header's value.
struct PaxHeader {
    std::optional<std::string> path;
    std::optional<std::string> link_path;
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::optional<posix::Timestamp> modified;
    std::vector<posix::Xattr> xattrs;

    /// GNU.sparse.* of formats 0.0, 0.1 and 1.0.
    std::optional<std::string> sparse_name;
    std::optional<std::uint64_t> sparse_real_size;
    std::optional<std::uint64_t> sparse_region_count;
    std::optional<std::vector<posix::DataRange>> sparse_map;
    bool sparse_map_in_data = false;  ///< format 1.0: the map stands before the data

    bool is_sparse() const { return sparse_map || sparse_map_in_data || sparse_real_size; }
};

/// Parses the records of one header into `header`; a record that is there already is replaced.
/// invalid_argument for any malformed record, resource_exhausted beyond a limit.
Result<> parse_pax_records(std::string_view text, const TarLimits& limits, PaxHeader& header);
/// A global header's records: only those that cannot make two readers see different files. One
/// that names a path, link, size or sparse map is invalid_argument.
Result<> check_global_pax(const PaxHeader& header);

/// "1350244992.023960108": invalid_argument for anything but digits, one dot and a leading minus.
Result<posix::Timestamp> parse_pax_time(std::string_view text);

/// One record, its own length included.
std::string pax_record(std::string_view key, std::string_view value);

}  // namespace tare::layer
