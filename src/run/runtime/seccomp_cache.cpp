#include "run/runtime/seccomp_cache.h"

#include <cstring>
#include <functional>

#include <fcntl.h>

#include "base/text.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"

namespace tare::runtime {

namespace {

constexpr std::size_t kFileLimit = std::size_t{1} << 20;
constexpr mode_t kWritableByOthers = 0022;
/// Whoever brings a new profile each time must not fill the file system, which is memory; what a crash left
/// half written counts too, and is gone with the next boot.
constexpr std::size_t kFileCount = 64;

struct Header {
    std::uint64_t key_bytes = 0;
    std::uint64_t instructions = 0;
    std::uint64_t checksum = 0;  ///< of the program: nothing is synced, a crash may cut a file off
};

std::string_view bytes_of(const SeccompProgram& program) {
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof program.front()};
}

std::string path_of(const std::string& directory, const std::string& key) {
    return cat(directory, "/", std::hash<std::string>{}(key));
}

bool is_ours_alone(int fd) {
    auto facts = posix::node_facts(fd);
    return facts && facts->uid == posix::effective_user() && (facts->mode & kWritableByOthers) == 0;
}

}  // namespace

std::optional<SeccompProgram> find_seccomp_program(const std::string& directory, const std::string& key) {
    auto folder = posix::open_file(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!folder || !is_ours_alone(folder->get())) return std::nullopt;
    auto file = posix::open_file(path_of(directory, key), O_RDONLY | O_NOFOLLOW);
    if (!file || !is_ours_alone(file->get())) return std::nullopt;
    auto text = posix::read_to_end(file->get(), kFileLimit);
    Header header;
    if (!text || text->size() < sizeof header) return std::nullopt;
    std::memcpy(&header, text->data(), sizeof header);
    std::string_view rest = std::string_view(*text).substr(sizeof header);
    if (header.key_bytes != key.size() || !rest.starts_with(key)) return std::nullopt;
    rest.remove_prefix(key.size());
    SeccompProgram program(std::min<std::size_t>(header.instructions, posix::kMaxSeccompInstructions));
    if (program.empty() || rest.size() != bytes_of(program).size() ||
        std::hash<std::string_view>{}(rest) != header.checksum)
        return std::nullopt;
    std::memcpy(program.data(), rest.data(), rest.size());
    return program;
}

void keep_seccomp_program(const std::string& directory, const std::string& key,
                          const SeccompProgram& program) {
    if (!posix::make_directories(directory, 0700)) return;
    auto folder = posix::open_file(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!folder || !is_ours_alone(folder->get())) return;
    auto present = posix::list_directory(directory);
    if (!present || present->size() >= kFileCount) return;
    auto temporary = posix::random_name();
    if (!temporary) return;
    const std::string path = cat(directory, "/", *temporary);
    const Header header{.key_bytes = key.size(),
                        .instructions = program.size(),
                        .checksum = std::hash<std::string_view>{}(bytes_of(program))};
    std::string content(reinterpret_cast<const char*>(&header), sizeof header);
    content += key;
    content += bytes_of(program);
    auto file = posix::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file) return;
    if (!posix::write_all(file->get(), content) || !posix::rename(path, path_of(directory, key)))
        (void)posix::remove_file(path);
}

}  // namespace tare::runtime
