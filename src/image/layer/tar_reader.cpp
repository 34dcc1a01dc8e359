#include "image/layer/tar_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "image/layer/tar_header.h"
#include "image/layer/tar_pax.h"

namespace tare::layer {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

Error malformed(std::string_view path, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "read tar: ", path.empty() ? std::string("header") : quote(path),
                ": ", why);
}

std::uint64_t padding_of(std::uint64_t size_bytes) {
    return (kTarBlock - size_bytes % kTarBlock) % kTarBlock;
}

/// Header-only members have no data whatever the size field says; a size there is refused, since
/// readers disagree on whether to skip it.
bool has_data(TarType type) {
    return type == TarType::regular;
}

}  // namespace

/// The archive as blocks, and what stands before the next member.
struct TarReader::State {
    State(ByteSource& given, const TarLimits& given_limits)
        : source(given), limits(given_limits), buffer(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

    // Bytes
    Result<> fill();
    Result<bool> block(const char*& out);
    Result<std::string> small_data(std::uint64_t size_bytes, std::string_view what);
    Result<std::string_view> take(std::uint64_t at_most);
    Result<> skip(std::uint64_t count);
    Result<> finish_archive();

    // Members
    Result<bool> next(TarEntry& entry);
    Result<bool> take_extension(const TarHeader& header);
    Result<TarEntry> member(const TarHeader& header);
    Result<> apply_names(const TarHeader& header, TarEntry& entry);
    Result<> apply_numbers(const TarHeader& header, TarEntry& entry);
    Result<> check_limits(const TarEntry& entry) const;

    // Sparse files
    Result<> read_sparse_map(const TarHeader& header, TarEntry& entry);
    Result<> read_old_gnu_map(const TarHeader& header, TarEntry& entry);
    Result<> read_map_in_data(TarEntry& entry);
    Result<> add_region(TarEntry& entry, std::uint64_t offset, std::uint64_t size_bytes) const;
    Result<> check_map(const TarEntry& entry) const;

    ByteSource& source;
    TarLimits limits;
    std::unique_ptr<char[]> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t consumed_bytes = 0;
    Observer observer = nullptr;
    void* observer_context = nullptr;

    std::uint64_t entries = 0;
    std::size_t global_headers = 0;
    bool ended = false;

    PaxHeader global;
    std::optional<PaxHeader> pax;
    std::optional<std::string> gnu_path;
    std::optional<std::string> gnu_link;
    std::size_t extension_bytes = 0;

    std::uint64_t left_bytes = 0;     ///< of the current member's stored data
    std::uint64_t padding_bytes = 0;  ///< after it
    std::uint64_t file_offset = 0;
    std::vector<posix::DataRange> regions;  ///< of the current member, if it is sparse
    std::size_t region = 0;
    bool sparse = false;
};

// --- bytes ---

Result<> TarReader::State::fill() {
    begin = 0;
    end = 0;
    end = TRY(source.read({buffer.get(), kBufferBytes}));
    if (observer) observer(observer_context, {buffer.get(), end});
    consumed_bytes += end;
    return {};
}

Result<std::string_view> TarReader::State::take(std::uint64_t at_most) {
    if (begin == end) TRY(fill());
    if (begin == end) return fail(ErrorKind::data_loss, "read tar: the archive is cut short");
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(at_most, end - begin));
    std::string_view bytes(buffer.get() + begin, count);
    begin += count;
    return bytes;
}

/// The next whole block, contiguous; false if the source ends before its first byte.
Result<bool> TarReader::State::block(const char*& out) {
    std::size_t have = end - begin;
    if (have < kTarBlock) {
        std::memmove(buffer.get(), buffer.get() + begin, have);
        begin = 0;
        end = have;
        while (end < kTarBlock) {
            std::size_t count = TRY(source.read({buffer.get() + end, kBufferBytes - end}));
            if (count == 0 && end == 0) return false;
            if (count == 0) return fail(ErrorKind::data_loss, "read tar: the archive is cut short");
            if (observer) observer(observer_context, {buffer.get() + end, count});
            consumed_bytes += count;
            end += count;
        }
    }
    out = buffer.get() + begin;
    begin += kTarBlock;
    return true;
}

Result<std::string> TarReader::State::small_data(std::uint64_t size_bytes, std::string_view what) {
    if (size_bytes > limits.pax_bytes - std::min(extension_bytes, limits.pax_bytes))
        return fail(ErrorKind::resource_exhausted, "read tar: ", what, " is longer than ", limits.pax_bytes,
                    " bytes");
    extension_bytes += static_cast<std::size_t>(size_bytes);
    std::string text;
    while (text.size() < size_bytes)
        text.append(TRY(take(size_bytes - text.size())));
    TRY(skip(padding_of(size_bytes)));
    return text;
}

Result<> TarReader::State::skip(std::uint64_t count) {
    while (count > 0)
        count -= TRY(take(count))
    .size();
    return {};
}

/// After the first empty block: another one, then nothing but zeros up to the end of the source,
/// which is read because the digest of a layer is that of all its bytes.
Result<> TarReader::State::finish_archive() {
    const char* second = nullptr;
    if (TRY(block(second)) && !TarHeader(second).is_zero())
        return malformed("", "one empty block in the middle of the archive");
    std::uint64_t zeros = 0;
    while (true) {
        if (begin == end) TRY(fill());
        if (begin == end) break;
        std::string_view rest = TRY(take(kBufferBytes));
        if (std::ranges::any_of(rest, [](char byte) { return byte != '\0'; }))
            return malformed("", "data after the end of the archive");
        if ((zeros += rest.size()) > limits.trailing_zero_bytes)
            return fail(ErrorKind::resource_exhausted, "read tar: more than ", limits.trailing_zero_bytes,
                        " bytes after the end of the archive");
    }
    return {};
}

// --- members ---

Result<bool> TarReader::State::next(TarEntry& entry) {
    if (ended) return false;
    TRY(skip(left_bytes));
    TRY(skip(padding_bytes));
    left_bytes = padding_bytes = 0;
    while (true) {
        const char* bytes = nullptr;
        bool found = TRY(block(bytes));
        bool is_end = !found || TarHeader(bytes).is_zero();
        if (is_end) {
            if (pax || gnu_path || gnu_link) return malformed("", "an extension without its member");
            if (found) TRY(finish_archive());
            ended = true;
            return false;
        }
        TarHeader header(bytes);
        TRY(header.check());
        if (++entries > limits.entries)
            return fail(ErrorKind::resource_exhausted, "read tar: more than ", limits.entries, " members");
        // The header's block goes when more is read; extensions copy, so does the member's copy here.
        std::array<char, kTarBlock> copy;
        std::memcpy(copy.data(), bytes, kTarBlock);
        if (TRY(take_extension(TarHeader(copy.data())))) continue;
        entry = TRY(member(TarHeader(copy.data())));
        pax.reset();
        gnu_path.reset();
        gnu_link.reset();
        extension_bytes = 0;
        return true;
    }
}

/// True if the block was no member but something about the next one.
Result<bool> TarReader::State::take_extension(const TarHeader& header) {
    char type = header.type();
    if (type != 'x' && type != 'g' && type != 'L' && type != 'K' && type != 'V') return false;
    std::uint64_t size_bytes = TRY(header.number(tar_field::size, "the size"));
    if (type == 'V') {  // a volume label; names nothing
        TRY(small_data(size_bytes, "a volume label"));
    } else if (type == 'x') {
        if (pax) return malformed("", "two pax headers for one member");
        std::string records = TRY(small_data(size_bytes, "a pax header"));
        pax = global;
        TRY(parse_pax_records(records, limits, *pax));
    } else if (type == 'g') {
        if (++global_headers > limits.global_headers)
            return fail(ErrorKind::resource_exhausted, "read tar: more than ", limits.global_headers,
                        " global pax headers");
        TRY(parse_pax_records(TRY(small_data(size_bytes, "a global pax header")), limits, global));
        TRY(check_global_pax(global));
        extension_bytes = 0;
    } else {
        auto& name = type == 'L' ? gnu_path : gnu_link;
        if (name) return malformed("", "two GNU long names for one member");
        std::string text = TRY(small_data(size_bytes, "a GNU long name"));
        name = text.substr(0, text.find('\0'));
    }
    return true;
}

Result<TarEntry> TarReader::State::member(const TarHeader& header) {
    TarEntry entry;
    TRY(apply_names(header, entry));
    switch (header.type()) {
        case '\0':
        case '0':
        case '7':
            // Before POSIX a directory was a file whose name ends with a slash.
            entry.type = entry.path.ends_with('/') ? TarType::directory : TarType::regular;
            break;
        case 'S':
            entry.type = TarType::regular;
            break;
        case '1':
            entry.type = TarType::hard_link;
            break;
        case '2':
            entry.type = TarType::symlink;
            break;
        case '3':
            entry.type = TarType::character_device;
            break;
        case '4':
            entry.type = TarType::block_device;
            break;
        case '5':
            entry.type = TarType::directory;
            break;
        case '6':
            entry.type = TarType::fifo;
            break;
        default:
            return malformed(
                entry.path,
                cat("unknown type ", quote(std::string_view(header.bytes() + tar_field::type.offset, 1))));
    }
    TRY_CONTEXT(apply_numbers(header, entry), quote(entry.path));
    TRY(read_sparse_map(header, entry));
    TRY(check_limits(entry));
    return entry;
}

Result<> TarReader::State::apply_names(const TarHeader& header, TarEntry& entry) {
    const PaxHeader& records = pax ? *pax : global;
    // Readers disagree on which of the two wins, so there may be only one.
    if ((gnu_path && records.path) || (gnu_link && records.link_path))
        return malformed(*(gnu_path ? gnu_path : gnu_link), "named by a GNU and a pax extension");
    entry.path = records.sparse_name ? *records.sparse_name
                 : records.path      ? *records.path
                 : gnu_path          ? *gnu_path
                                     : header.path();
    entry.link_target = records.link_path ? *records.link_path
                        : gnu_link        ? *gnu_link
                                          : std::string(header.text(tar_field::link_name));
    return {};
}

Result<> TarReader::State::apply_numbers(const TarHeader& header, TarEntry& entry) {
    const PaxHeader& records = pax ? *pax : global;
    auto id = [&](TarField field, const std::optional<std::uint32_t>& record,
                  std::string_view what) -> Result<std::uint32_t> {
        if (record) return *record;
        std::uint64_t value = TRY(header.number(field, what));
        if (value > UINT32_MAX)
            return fail(ErrorKind::invalid_argument, "tar header: ", what, " is out of range");
        return static_cast<std::uint32_t>(value);
    };
    entry.uid = TRY(id(tar_field::uid, records.uid, "the user id"));
    entry.gid = TRY(id(tar_field::gid, records.gid, "the group id"));
    entry.permissions = static_cast<std::uint32_t>(TRY(header.number(tar_field::mode, "the mode")) & 07777);
    auto seconds = TRY(header.signed_number(tar_field::mtime, "the time"));
    entry.modified = {seconds, 0};
    if (records.modified) entry.modified = *records.modified;
    entry.xattrs = records.xattrs;
    std::uint64_t stored = TRY(header.number(tar_field::size, "the size"));
    if (records.size_bytes) stored = *records.size_bytes;
    if (!has_data(entry.type) && stored != 0)
        return malformed(entry.path, "a size on a member that has no data");
    if (entry.type == TarType::character_device || entry.type == TarType::block_device) {
        entry.device_major = TRY(id(tar_field::major, std::nullopt, "the device number"));
        entry.device_minor = TRY(id(tar_field::minor, std::nullopt, "the device number"));
    }
    entry.size_bytes = stored;
    left_bytes = stored;
    padding_bytes = padding_of(stored);
    file_offset = 0;
    return {};
}

Result<> TarReader::State::check_limits(const TarEntry& entry) const {
    auto beyond = [&](std::string_view what, std::uint64_t limit) {
        return fail(ErrorKind::resource_exhausted, "read tar: ", quote(entry.path.substr(0, 128)), ": ", what,
                    " is beyond ", limit);
    };
    if (entry.path.size() > limits.path_bytes) return beyond("the length of the name", limits.path_bytes);
    if (entry.link_target.size() > limits.link_bytes)
        return beyond("the length of the link", limits.link_bytes);
    if (entry.size_bytes > limits.file_bytes) return beyond("the size", limits.file_bytes);
    return {};
}

// --- sparse files ---

Result<> TarReader::State::add_region(TarEntry& entry, std::uint64_t offset, std::uint64_t size_bytes) const {
    if (entry.data_map->size() >= limits.sparse_regions)
        return fail(ErrorKind::resource_exhausted, "read tar: ", quote(entry.path), ": more than ",
                    limits.sparse_regions, " sparse regions");
    entry.data_map->push_back({offset, size_bytes});
    return {};
}

Result<> TarReader::State::read_sparse_map(const TarHeader& header, TarEntry& entry) {
    const PaxHeader& records = pax ? *pax : global;
    sparse = false;
    regions.clear();
    region = 0;
    bool old_gnu = header.type() == 'S';
    if (!old_gnu && !records.is_sparse()) return {};
    if (entry.type != TarType::regular || (old_gnu && records.is_sparse()))
        return malformed(entry.path, "a sparse map on a member that cannot have one");
    entry.data_map.emplace();
    if (old_gnu) {
        TRY(read_old_gnu_map(header, entry));
    } else {
        if (!records.sparse_real_size) return malformed(entry.path, "a sparse file without its size");
        entry.size_bytes = *records.sparse_real_size;
        if (records.sparse_map_in_data) {
            TRY(read_map_in_data(entry));
        } else if (!records.sparse_map) {
            return malformed(entry.path, "a sparse file without its map");
        } else {
            entry.data_map = *records.sparse_map;
        }
        if (records.sparse_region_count && *records.sparse_region_count != entry.data_map->size())
            return malformed(entry.path, "a sparse map of another length than it says");
    }
    TRY(check_map(entry));
    sparse = true;
    regions = *entry.data_map;
    return {};
}

Result<> TarReader::State::read_old_gnu_map(const TarHeader& header, TarEntry& entry) {
    entry.size_bytes = TRY(header.number(tar_field::gnu_real_size, "the real size"));
    auto take_regions = [&](const char* bytes, std::size_t count) -> Result<> {
        for (std::size_t i = 0; i < count; ++i, bytes += 24) {
            if (bytes[0] == '\0') return {};
            std::int64_t offset = TRY(parse_tar_number({bytes, 12}, "a sparse offset"));
            std::int64_t size_bytes = TRY(parse_tar_number({bytes + 12, 12}, "a sparse size"));
            if (offset < 0 || size_bytes < 0) return malformed(entry.path, "a negative sparse region");
            TRY(add_region(entry, static_cast<std::uint64_t>(offset),
                           static_cast<std::uint64_t>(size_bytes)));
        }
        return {};
    };
    TRY(take_regions(header.bytes() + tar_field::gnu_sparse.offset, 4));
    bool extended = header.bytes()[tar_field::gnu_extended.offset] != '\0';
    while (extended) {
        const char* more = nullptr;
        if (!TRY(block(more))) return fail(ErrorKind::data_loss, "read tar: the archive is cut short");
        TRY(take_regions(more, 21));
        extended = more[504] != '\0';
    }
    return {};
}

/// Format 1.0: decimal lines (count, then offset and size of each) in whole blocks before the data.
Result<> TarReader::State::read_map_in_data(TarEntry& entry) {
    std::string text;
    std::size_t position = 0;
    auto next_number = [&]() -> Result<std::uint64_t> {
        while (true) {
            std::size_t newline = text.find('\n', position);
            if (newline != std::string::npos) {
                auto value =
                    parse_integer<std::uint64_t>(std::string_view(text).substr(position, newline - position));
                position = newline + 1;
                if (!value || *value > static_cast<std::uint64_t>(INT64_MAX))
                    return malformed(entry.path, "a bad number in the sparse map");
                return *value;
            }
            if (left_bytes < kTarBlock || text.size() - position > 32)
                return malformed(entry.path, "a sparse map without its end");
            text.erase(0, position);
            position = 0;
            const char* more = nullptr;
            if (!TRY(block(more))) return fail(ErrorKind::data_loss, "read tar: the archive is cut short");
            text.append(more, kTarBlock);
            left_bytes -= kTarBlock;
        }
    };
    std::uint64_t count = TRY(next_number());
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t offset = TRY(next_number());
        TRY(add_region(entry, offset, TRY(next_number())));
    }
    return {};
}

/// Ascending, inside the file, and as many bytes as are stored.
Result<> TarReader::State::check_map(const TarEntry& entry) const {
    std::uint64_t position = 0;
    std::uint64_t stored = 0;
    for (auto& range : *entry.data_map) {
        if (range.offset < position || range.offset > entry.size_bytes ||
            range.size_bytes > entry.size_bytes - range.offset)
            return malformed(entry.path, "a sparse map that is not ascending inside the file");
        position = range.offset + range.size_bytes;
        stored += range.size_bytes;
    }
    if (stored != left_bytes) return malformed(entry.path, "a sparse map that does not fit the stored data");
    return {};
}

// --- the class ---

TarReader::TarReader(ByteSource& source, const TarLimits& limits)
    : state_(std::make_unique<State>(source, limits)) {}
TarReader::~TarReader() = default;

void TarReader::observe(Observer observer, void* context) {
    state_->observer = observer;
    state_->observer_context = context;
}

Result<bool> TarReader::next(TarEntry& entry) {
    return state_->next(entry);
}

Result<TarReader::Piece> TarReader::data() {
    auto& state = *state_;
    if (state.left_bytes == 0) return Piece{};
    std::uint64_t wanted = state.left_bytes;
    if (state.sparse) {
        while (state.regions[state.region].size_bytes == 0)
            ++state.region;
        state.file_offset = state.regions[state.region].offset;
        wanted = state.regions[state.region].size_bytes;
    }
    Piece piece;
    piece.offset = state.file_offset;
    piece.bytes = TRY(state.take(wanted));
    state.left_bytes -= piece.bytes.size();
    state.file_offset += piece.bytes.size();
    if (state.sparse) {
        state.regions[state.region].offset += piece.bytes.size();
        state.regions[state.region].size_bytes -= piece.bytes.size();
    }
    return piece;
}

std::uint64_t TarReader::consumed_bytes() const {
    return state_->consumed_bytes;
}

}  // namespace tare::layer
