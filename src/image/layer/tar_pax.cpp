#include "image/layer/tar_pax.h"

#include <algorithm>

namespace tare::layer {

namespace {

Error malformed(std::string_view key, std::string_view value) {
    return fail(ErrorKind::invalid_argument, "pax header: record ", quote(key), " has the bad value ",
                quote(value.substr(0, 64)));
}

template <class Integer>
Result<Integer> number(std::string_view key, std::string_view value) {
    auto parsed = parse_integer<Integer>(value);
    if (!parsed || static_cast<std::uint64_t>(*parsed) > static_cast<std::uint64_t>(INT64_MAX))
        return malformed(key, value);
    return *parsed;
}

Result<std::string> text_without_nul(std::string_view key, std::string_view value) {
    if (value.find('\0') != std::string_view::npos) return malformed(key, value);
    return std::string(value);
}

/// Format 0.1: "offset,size,offset,size".
Result<std::vector<posix::DataRange>> parse_sparse_map(std::string_view value, const TarLimits& limits) {
    std::vector<posix::DataRange> map;
    if (value.empty()) return map;
    auto count = static_cast<std::size_t>(std::count(value.begin(), value.end(), ',')) + 1;
    if (count % 2 != 0) return malformed("GNU.sparse.map", value);
    if (count / 2 > limits.sparse_regions)
        return fail(ErrorKind::resource_exhausted, "pax header: more than ", limits.sparse_regions,
                    " sparse regions");
    auto numbers = split(value, ',');
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
        auto& region = map.emplace_back();
        region.offset = TRY(number<std::uint64_t>("GNU.sparse.map", numbers[i]));
        region.size_bytes = TRY(number<std::uint64_t>("GNU.sparse.map", numbers[i + 1]));
    }
    return map;
}

/// GNU.sparse.*: 0.0 repeats offset and numbytes, 0.1 has map, 1.0 says so by major.
Result<> apply_sparse_record(std::string_view key, std::string_view value, const TarLimits& limits,
                             PaxHeader& header) {
    if (key == "GNU.sparse.name") {
        header.sparse_name = TRY(text_without_nul(key, value));
    } else if (key == "GNU.sparse.size" || key == "GNU.sparse.realsize") {
        header.sparse_real_size = TRY(number<std::uint64_t>(key, value));
    } else if (key == "GNU.sparse.numblocks") {
        header.sparse_region_count = TRY(number<std::uint64_t>(key, value));
    } else if (key == "GNU.sparse.map") {
        if (header.sparse_map) return malformed(key, value);
        header.sparse_map = TRY(parse_sparse_map(value, limits));
    } else if (key == "GNU.sparse.major") {
        if (value != "0" && value != "1") return malformed(key, value);
        header.sparse_map_in_data = value == "1";
    } else if (key == "GNU.sparse.minor") {
        if (value != "0" && value != "1") return malformed(key, value);
    } else if (key == "GNU.sparse.offset") {
        if (!header.sparse_map) header.sparse_map.emplace();
        if (header.sparse_map->size() >= limits.sparse_regions)
            return fail(ErrorKind::resource_exhausted, "pax header: more than ", limits.sparse_regions,
                        " sparse regions");
        auto offset = TRY(number<std::uint64_t>(key, value));
        header.sparse_map->push_back({offset, UINT64_MAX});
    } else if (key == "GNU.sparse.numbytes") {
        if (!header.sparse_map || header.sparse_map->empty() ||
            header.sparse_map->back().size_bytes != UINT64_MAX)
            return malformed(key, value);
        header.sparse_map->back().size_bytes = TRY(number<std::uint64_t>(key, value));
    } else {
        return malformed(key, value);
    }
    return {};
}

Result<> apply_xattr(std::string_view name, std::string_view value, const TarLimits& limits,
                     PaxHeader& header) {
    if (name.empty() || name.size() > limits.component_bytes || name.find('\0') != std::string_view::npos)
        return malformed("SCHILY.xattr", name);
    if (value.size() > limits.xattr_bytes)
        return fail(ErrorKind::resource_exhausted, "pax header: attribute ", quote(name), " is longer than ",
                    limits.xattr_bytes, " bytes");
    auto same = std::ranges::find(header.xattrs, name, &posix::Xattr::name);
    if (same != header.xattrs.end()) {
        same->value = value;
        return {};
    }
    if (header.xattrs.size() >= limits.xattrs)
        return fail(ErrorKind::resource_exhausted, "pax header: more than ", limits.xattrs, " attributes");
    header.xattrs.push_back({std::string(name), std::string(value)});
    return {};
}

Result<> apply_record(std::string_view key, std::string_view value, const TarLimits& limits,
                      PaxHeader& header) {
    constexpr std::string_view kXattr = "SCHILY.xattr.";
    // An empty value takes the record back (pax(1)); for an attribute it is a value.
    if (key == "path") {
        header.path = TRY(text_without_nul(key, value));
        if (value.empty()) header.path.reset();
    } else if (key == "linkpath") {
        header.link_path = TRY(text_without_nul(key, value));
        if (value.empty()) header.link_path.reset();
    } else if (key == "size") {
        header.size_bytes = TRY(number<std::uint64_t>(key, value));
    } else if (key == "uid") {
        header.uid = TRY(number<std::uint32_t>(key, value));
    } else if (key == "gid") {
        header.gid = TRY(number<std::uint32_t>(key, value));
    } else if (key == "mtime") {
        header.modified = TRY(parse_pax_time(value));
    } else if (key.starts_with(kXattr)) {
        TRY(apply_xattr(key.substr(kXattr.size()), value, limits, header));
    } else if (key.starts_with("GNU.sparse.")) {
        TRY(apply_sparse_record(key, value, limits, header));
    }
    return {};
}

}  // namespace

Result<posix::Timestamp> parse_pax_time(std::string_view text) {
    auto [whole, fraction] = cut(text, '.');
    auto seconds = parse_integer<std::int64_t>(whole);
    if (!seconds) return malformed("mtime", text);
    std::uint32_t nanoseconds = 0;
    std::uint32_t unit = 100'000'000;
    for (char digit : fraction.value_or("")) {
        if (digit < '0' || digit > '9') return malformed("mtime", text);
        nanoseconds += static_cast<std::uint32_t>(digit - '0') * unit;
        unit /= 10;
    }
    bool negative = whole.starts_with('-');
    if (!negative || nanoseconds == 0) return posix::Timestamp{*seconds, nanoseconds};
    if (*seconds == INT64_MIN) return malformed("mtime", text);
    return posix::Timestamp{*seconds - 1, 1'000'000'000 - nanoseconds};
}

Result<> parse_pax_records(std::string_view text, const TarLimits& limits, PaxHeader& header) {
    auto broken = [] { return fail(ErrorKind::invalid_argument, "pax header: malformed record length"); };
    while (!text.empty()) {
        std::size_t space = text.substr(0, 20).find(' ');
        if (space == std::string_view::npos) return broken();
        auto length = parse_integer<std::size_t>(text.substr(0, space));
        if (!length || *length > text.size() || *length < space + 4 || text[*length - 1] != '\n')
            return broken();
        if (*length > limits.pax_record_bytes)
            return fail(ErrorKind::resource_exhausted, "pax header: a record is longer than ",
                        limits.pax_record_bytes, " bytes");
        std::string_view record = text.substr(space + 1, *length - space - 2);
        auto [key, value] = cut(record, '=');
        if (!value || key.empty()) return broken();
        TRY(apply_record(key, *value, limits, header));
        text.remove_prefix(*length);
    }
    if (header.sparse_map && !header.sparse_map->empty() &&
        header.sparse_map->back().size_bytes == UINT64_MAX)
        return fail(ErrorKind::invalid_argument, "pax header: a sparse region has no size");
    return {};
}

Result<> check_global_pax(const PaxHeader& header) {
    if (header.path || header.link_path || header.size_bytes || header.is_sparse() || header.sparse_name)
        return fail(ErrorKind::invalid_argument,
                    "pax header: a global header sets path, linkpath, size or a sparse map");
    return {};
}

std::string pax_record(std::string_view key, std::string_view value) {
    // The length counts its own digits; one more digit may be what makes it longer.
    std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (cat(length).size() + rest != length)
        length = cat(length).size() + rest;
    return cat(length, " ", key, "=", value, "\n");
}

}  // namespace tare::layer
