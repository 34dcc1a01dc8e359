#include "cli/docker/transfer.h"

#include <fcntl.h>

#include "posix/file.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

Producer producer_of(int fd) {
    return [fd](const Sink& send) -> Result<> {
        std::string piece(64 << 10, '\0');
        for (;;) {
            std::size_t size = TRY(posix::read_some(fd, piece.data(), piece.size()));
            if (size == 0) return {};
            TRY(send(std::string_view(piece).substr(0, size)));
        }
    };
}

Result<Output> Output::open(const std::string& path, std::string_view terminal_message) {
    Output output;
    if (path.empty()) {
        if (posix::is_terminal(1)) return fail(ErrorKind::invalid_argument, terminal_message);
        return output;
    }
    std::string directory =
        path.find('/') == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    if (!posix::exists(directory))
        return fail(ErrorKind::not_found, "invalid output path: stat ", directory,
                    ": no such file or directory");
    output.path_ = path;
    output.temporary_ = cat(path, ".partial");
    output.file_ = TRY(posix::open_file(output.temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    return output;
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)) {}

Output::~Output() {
    // What is left here was not finished.
    if (!temporary_.empty()) (void)posix::remove_file(temporary_);
}

Sink Output::sink() {
    int fd = path_.empty() ? 1 : file_.get();
    return [fd](std::string_view bytes) { return posix::write_all(fd, bytes); };
}

Result<> Output::finish() {
    if (path_.empty()) return {};
    TRY(posix::rename(temporary_, path_));
    temporary_.clear();
    return {};
}

}  // namespace tare::cli::docker
