#include "cli/docker/autostart.h"

#include <thread>

#include <fcntl.h>

#include "cli/common/safe_text.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/process.h"
#include "posix/socket.h"
#include "posix/tree.h"

namespace tare::cli::docker {

namespace {

constexpr auto kStartTime = std::chrono::seconds(15);
constexpr auto kPause = std::chrono::milliseconds(5);
constexpr mode_t kOthersWrite = 0022;
constexpr mode_t kSticky = 01000;

Result<> check_one(const std::string& path) {
    posix::Fd fd = TRY(posix::open_file(path, O_PATH | O_NOFOLLOW));
    posix::FileStatus status = TRY(posix::status_of(fd.get()));
    const bool others_may_swap =
        (status.permissions & kOthersWrite) != 0 && (status.permissions & kSticky) == 0;
    if (status.uid == 0 && !others_may_swap && !status.is(posix::FileType::symlink)) return {};
    return fail(ErrorKind::permission_denied, "tared is not started: ", path,
                " can be changed by other users than root");
}

// The daemon's program, proved to be root's.
Result<std::string> find_daemon() {
    std::string self = TRY(posix::read_link("/proc/self/exe"));
    std::string path = cat(std::string_view(self).substr(0, self.rfind('/')), "/tared");
    if (!posix::exists(path)) return fail(ErrorKind::not_found, "there is no ", path, " to start");
    TRY(check_trusted_path(path));
    return path;
}

Result<> wait_for_socket(const std::string& socket_path, posix::Process& daemon) {
    Deadline deadline = Deadline::after(kStartTime);
    while (!posix::connect_unix(socket_path)) {
        auto ended = daemon.wait(Deadline::after(kPause));
        if (ended)
            return fail(ErrorKind::unavailable, "tared was started and ended with status ",
                        ended->shell_code(), ": run it in the foreground to see why");
        if (deadline.has_passed())
            return fail(ErrorKind::deadline_exceeded, "tared was started but does not answer at ",
                        socket_path);
    }
    return {};
}

}  // namespace

Result<> check_trusted_path(const std::string& path) {
    std::string checked = path;
    for (;;) {
        TRY(check_one(checked));
        if (checked == "/") return {};
        std::size_t slash = checked.rfind('/');
        checked.resize(slash == 0 ? 1 : slash);
    }
}

Result<> start_daemon(const std::string& socket_path) {
    if (posix::effective_user() != 0) return fail(ErrorKind::permission_denied, "");
    std::string program = TRY(find_daemon());
    posix::SpawnOptions options;
    options.program = program;
    options.args = {program};
    // Nothing of the caller's environment: it runs with root's rights for everyone.
    options.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                   "LANG=C.UTF-8"};
    options.session = posix::SpawnOptions::Session::fresh;
    posix::Process daemon = TRY(posix::spawn(options));
    TRY(wait_for_socket(socket_path, daemon));
    print_error(cat("tare: no daemon was running: started ", program, '\n'));
    return {};
}

}  // namespace tare::cli::docker
