#include "image/layer/tar_writer.h"

#include <algorithm>
#include <array>

#include "image/layer/tar_header.h"
#include "image/layer/tar_pax.h"

namespace tare::layer {

namespace {

char type_flag(TarType type) {
    switch (type) {
        case TarType::hard_link:
            return '1';
        case TarType::symlink:
            return '2';
        case TarType::character_device:
            return '3';
        case TarType::block_device:
            return '4';
        case TarType::directory:
            return '5';
        case TarType::fifo:
            return '6';
        case TarType::regular:
            break;
    }
    return '0';
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

/// Where a path can be cut into ustar's prefix and name; nothing if it fits neither whole nor cut.
std::optional<std::pair<std::string_view, std::string_view>> split_path(std::string_view path) {
    if (!is_ascii(path)) return std::nullopt;
    if (path.size() <= tar_field::name.size) return std::pair(std::string_view(), path);
    if (path.size() > tar_field::prefix.size + 1 + tar_field::name.size) return std::nullopt;
    // The last slash that leaves a name; a directory's own trailing slash belongs to the name.
    std::size_t slash = path.rfind('/', std::min(tar_field::prefix.size, path.size() - 2));
    if (slash == std::string_view::npos || slash == 0 || path.size() - slash - 1 > tar_field::name.size)
        return std::nullopt;
    return std::pair(path.substr(0, slash), path.substr(slash + 1));
}

std::string decimal_time(posix::Timestamp time) {
    if (time.nanoseconds == 0) return cat(time.seconds);
    bool negative = time.seconds < 0;
    std::uint64_t seconds =
        negative ? static_cast<std::uint64_t>(-(time.seconds + 1)) : static_cast<std::uint64_t>(time.seconds);
    std::string fraction = cat(negative ? 1'000'000'000 - time.nanoseconds : time.nanoseconds);
    fraction.insert(0, 9 - fraction.size(), '0');
    while (fraction.ends_with('0'))
        fraction.pop_back();
    return cat(negative ? "-" : "", seconds, ".", fraction);
}

/// One header as it will be written: fields, and the records for what no field can hold.
struct Header {
    TarHeaderBuilder block;
    std::string records;

    void number(TarField field, std::uint64_t value, std::string_view key) {
        if (TarHeaderBuilder::fits_octal(value, field)) {
            block.set_octal(field, value);
        } else {
            records += pax_record(key, cat(value));
        }
    }

    void path(const TarEntry& entry) {
        std::string name = entry.path;
        if (entry.type == TarType::directory && !name.ends_with('/')) name += '/';
        if (auto parts = split_path(name)) {
            block.set_text(tar_field::prefix, parts->first);
            block.set_text(tar_field::name, parts->second);
        } else {
            block.set_text(tar_field::name, name);
            records += pax_record("path", name);
        }
        block.set_text(tar_field::link_name, entry.link_target);
        if (entry.link_target.size() > tar_field::link_name.size || !is_ascii(entry.link_target))
            records += pax_record("linkpath", entry.link_target);
    }

    void time(posix::Timestamp time, TimePrecision precision) {
        if (precision == TimePrecision::seconds) time.nanoseconds = 0;
        bool fits = time.seconds >= 0 &&
                    TarHeaderBuilder::fits_octal(static_cast<std::uint64_t>(time.seconds), tar_field::mtime);
        block.set_octal(tar_field::mtime, fits ? static_cast<std::uint64_t>(time.seconds) : 0);
        if (!fits || time.nanoseconds != 0) records += pax_record("mtime", decimal_time(time));
    }
};

std::uint64_t padding_of(std::uint64_t size_bytes) {
    return (kTarBlock - size_bytes % kTarBlock) % kTarBlock;
}

Result<> write_padded(ByteSink& sink, std::string_view bytes) {
    TRY(sink.write(bytes));
    static constexpr std::array<char, kTarBlock> kZeros{};
    std::size_t padding = static_cast<std::size_t>(padding_of(bytes.size()));
    return padding == 0 ? Result<>() : sink.write({kZeros.data(), padding});
}

Result<> write_records(ByteSink& sink, const std::string& records) {
    TarHeaderBuilder block;
    block.set_text(tar_field::name, "PaxHeaders.0/entry");
    block.set_octal(tar_field::mode, 0644);
    block.set_octal(tar_field::uid, 0);
    block.set_octal(tar_field::gid, 0);
    block.set_octal(tar_field::size, records.size());
    block.set_octal(tar_field::mtime, 0);
    block.set_type('x');
    TRY(sink.write(block.finish()));
    return write_padded(sink, records);
}

}  // namespace

Result<> TarWriter::add(const TarEntry& entry) {
    TRY(end_member());
    if (entry.path.empty() || entry.path.find('\0') != std::string::npos)
        return fail(ErrorKind::invalid_argument, "write tar: bad name ", quote(entry.path));
    Header header;
    header.path(entry);
    header.block.set_octal(tar_field::mode, entry.permissions & 07777);
    header.number(tar_field::uid, entry.uid, "uid");
    header.number(tar_field::gid, entry.gid, "gid");
    std::uint64_t size_bytes = entry.type == TarType::regular ? entry.size_bytes : 0;
    header.number(tar_field::size, size_bytes, "size");
    header.time(entry.modified, precision_);
    header.block.set_type(type_flag(entry.type));
    if (entry.type == TarType::character_device || entry.type == TarType::block_device) {
        header.block.set_octal(tar_field::major, entry.device_major);
        header.block.set_octal(tar_field::minor, entry.device_minor);
    }
    for (auto& xattr : entry.xattrs)
        header.records += pax_record(cat("SCHILY.xattr.", xattr.name), xattr.value);
    if (!header.records.empty()) TRY(write_records(sink_, header.records));
    TRY(sink_.write(header.block.finish()));
    left_bytes_ = size_bytes;
    padding_bytes_ = padding_of(size_bytes);
    return {};
}

Result<> TarWriter::write(std::string_view bytes) {
    if (bytes.size() > left_bytes_)
        return fail(ErrorKind::failed_precondition, "write tar: more data than the header says");
    left_bytes_ -= bytes.size();
    return bytes.empty() ? Result<>() : sink_.write(bytes);
}

Result<> TarWriter::write_zeros(std::uint64_t count) {
    static constexpr std::array<char, 16384> kZeros{};
    while (count > 0) {
        auto step = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
        TRY(write({kZeros.data(), step}));
        count -= step;
    }
    return {};
}

Result<> TarWriter::add_file(std::string_view path, std::string_view content, posix::Timestamp modified) {
    TarEntry entry;
    entry.path = path;
    entry.modified = modified;
    entry.size_bytes = content.size();
    if (path.ends_with('/')) {
        entry.type = TarType::directory;
        entry.permissions = 0755;
    }
    TRY(add(entry));
    return write(content);
}

Result<> TarWriter::end_member() {
    if (left_bytes_ != 0)
        return fail(ErrorKind::failed_precondition, "write tar: ", left_bytes_,
                    " bytes of a member are missing");
    static constexpr std::array<char, kTarBlock> kZeros{};
    if (padding_bytes_ > 0) TRY(sink_.write({kZeros.data(), static_cast<std::size_t>(padding_bytes_)}));
    padding_bytes_ = 0;
    return {};
}

Result<> TarWriter::finish() {
    TRY(end_member());
    static constexpr std::array<char, 2 * kTarBlock> kZeros{};
    return sink_.write({kZeros.data(), kZeros.size()});
}

}  // namespace tare::layer
