#include "posix/build_id.h"

#include <cstring>
#include <string_view>

#include <elf.h>
#include <fcntl.h>
#include <link.h>

#include "posix/file.h"
#include "posix/tree.h"

namespace tare::posix {

namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Note = ElfW(Nhdr);

// Of a program of ours; what has more is none.
constexpr std::size_t kSegmentsLimit = 64;
constexpr std::size_t kNotesLimitBytes = 64 * 1024;
constexpr std::size_t kIdLimitBytes = 64;
constexpr std::string_view kOwner("GNU\0", 4);

/// All `size` bytes at `offset`, or false.
bool read_whole(int fd, void* target, std::size_t size, std::uint64_t offset) {
    auto* to = static_cast<char*>(target);
    while (size > 0) {
        auto count = read_at(fd, to, size, offset);
        if (!count || *count == 0) return false;
        to += *count;
        offset += *count;
        size -= *count;
    }
    return true;
}

std::string hex_of(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (char byte : bytes) {
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

constexpr std::size_t padded(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

/// The id among the notes of one segment; empty if it is in another one.
std::string find_id(std::string_view notes) {
    Note note{};
    while (notes.size() >= sizeof note) {
        std::memcpy(&note, notes.data(), sizeof note);
        notes.remove_prefix(sizeof note);
        const std::size_t name_size = padded(note.n_namesz);
        const std::size_t size = name_size + padded(note.n_descsz);
        if (size > notes.size()) break;
        if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == kOwner && note.n_descsz > 0 &&
            note.n_descsz <= kIdLimitBytes)
            return hex_of(notes.substr(name_size, note.n_descsz));
        notes.remove_prefix(size);
    }
    return {};
}

}  // namespace

Result<std::string> build_id(const std::string& path) {
    Fd file = TRY(open_file(path, O_RDONLY));
    Header header{};
    const bool is_elf = read_whole(file.get(), &header, sizeof header, 0) &&
                        std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                        header.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) &&
                        header.e_phentsize == sizeof(Segment) && header.e_phnum <= kSegmentsLimit;
    std::vector<Segment> segments(is_elf ? header.e_phnum : 0);
    if (!read_whole(file.get(), segments.data(), segments.size() * sizeof(Segment), header.e_phoff))
        segments.clear();
    for (const Segment& segment : segments) {
        if (segment.p_type != PT_NOTE || segment.p_filesz > kNotesLimitBytes) continue;
        std::string notes(segment.p_filesz, '\0');
        if (!read_whole(file.get(), notes.data(), notes.size(), segment.p_offset)) continue;
        if (std::string id = find_id(notes); !id.empty()) return id;
    }
    return fail(ErrorKind::not_found, quote(path), " has no build id");
}

}  // namespace tare::posix
