#pragma once

// For tests: archives out of raw 512-byte headers, also wrong ones, and temporary directories.

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>

#include "image/layer/apply.h"
#include "image/layer/byte_stream.h"
#include "image/layer/tar_entry.h"
#include "image/layer/tar_header.h"
#include "posix/file.h"

namespace tare::layer {

/// One member as raw as needed; whatever is set stands in the block as given.
struct RawMember {
    std::string name;
    char type = '0';
    std::string data;
    std::string link;
    std::string mode = "0000644";
    std::string uid = "0000000";
    std::string gid = "0000000";
    std::string size;  ///< empty: that of the data
    std::string mtime = "14231635000";
    std::string checksum;  ///< empty: the right one
    std::string major = "0000000";
    std::string minor = "0000000";
    std::string magic = std::string(
        "ustar\0"
        "00",
        8);
    std::string at_386;  ///< old GNU's sparse map
};

inline std::string octal(std::uint64_t value, int digits = 11) {
    std::string text(static_cast<std::size_t>(digits), '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 3)
        *digit = static_cast<char>('0' + (value & 7));
    return text;
}

inline std::string padded(std::string data) {
    data.resize((data.size() + 511) / 512 * 512);
    return data;
}

inline std::string raw_member(const RawMember& member) {
    std::string block(512, '\0');
    auto put = [&](std::size_t at, std::size_t limit, const std::string& text) {
        block.replace(at, std::min(limit, text.size()), text.substr(0, limit));
    };
    put(0, 100, member.name);
    put(100, 8, member.mode);
    put(108, 8, member.uid);
    put(116, 8, member.gid);
    put(124, 12, member.size.empty() ? octal(member.data.size()) : member.size);
    put(136, 12, member.mtime);
    put(148, 8, "        ");
    block[156] = member.type;
    put(157, 100, member.link);
    put(257, 8, member.magic);
    put(329, 8, member.major);
    put(337, 8, member.minor);
    put(386, 126, member.at_386);
    unsigned sum = 0;
    for (char byte : block)
        sum += static_cast<unsigned char>(byte);
    put(148, 8, member.checksum.empty() ? octal(sum, 6) + std::string("\0 ", 2) : member.checksum);
    return block + padded(member.data);
}

inline std::string tar_end() {
    return std::string(1024, '\0');
}

/// The members as an archive with its end.
inline std::string tarball(const std::vector<RawMember>& members) {
    std::string archive;
    for (auto& member : members)
        archive += raw_member(member);
    return archive + tar_end();
}

/// A temporary directory that removes itself.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/tare-layer-XXXXXX";
        path_ = ::mkdtemp(name);
        fd_ = *posix::open_file(path_, O_RDONLY | O_DIRECTORY);
    }
    ~TemporaryDirectory() { (void)posix::remove_tree(path_); }  // a left-over directory fails no test
    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return cat(path_, "/", name); }
    int fd() const { return fd_.get(); }

  private:
    std::string path_;
    posix::Fd fd_;
};

inline Result<AppliedLayer> apply_text(const std::string& archive, int root,
                                       const ApplyOptions& options = {}) {
    StringSource source(archive);
    return apply_layer(source, root, options);
}

}  // namespace tare::layer
