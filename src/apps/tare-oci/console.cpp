#include <array>

#include <signal.h>

#include "apps/tare-oci/invocation.h"
#include "posix/file.h"
#include "posix/path.h"
#include "posix/signals.h"
#include "posix/socket.h"
#include "posix/terminal.h"

namespace tare::oci_command {

Result<> send_console(const std::string& socket_path, int master) {
    posix::Fd socket = TRY_CONTEXT(posix::connect_unix(socket_path), "console socket");
    std::string name = posix::read_link(posix::descriptor_path(master)).value_or("/dev/ptmx");
    return posix::send_message(socket.get(), name, {master});
}

Result<> send_pidfd(const std::string& socket_path, const posix::Process& process, std::string_view kind) {
    if (socket_path.empty()) return {};
    posix::Fd socket = TRY_CONTEXT(posix::connect_unix(socket_path), "pidfd socket");
    return posix::send_message(socket.get(), kind, {process.pidfd()});
}

Result<> write_pid_file(const std::string& path, pid_t pid) {
    if (path.empty()) return {};
    return posix::write_file_atomic(path, cat(pid), 0644);
}

namespace {

/// Copies what is there; false at the end of the stream (a closed terminal says EIO).
Result<bool> copy_some(int from, int to) {
    std::array<char, 8192> buffer;
    auto count = posix::read_some(from, buffer.data(), buffer.size());
    if (!count) return false;
    if (*count == 0) return false;
    TRY(posix::write_all(to, {buffer.data(), *count}));
    return true;
}

}  // namespace

Result<posix::ExitStatus> attend(posix::Process& process, posix::Fd console) {
    posix::SignalQueue signals = TRY(posix::SignalQueue::open());
    std::optional<posix::RawMode> raw;
    if (console && posix::is_terminal(0)) {
        raw = TRY(posix::RawMode::enter(0));
        TRY(posix::set_window_size(console.get(), TRY(posix::window_size(0))));
    }
    std::vector<int> watched = {process.pidfd(), signals.descriptor()};
    if (console) watched.insert(watched.end(), {console.get(), 0});
    bool has_ended = false;
    while (!has_ended) {
        for (int ready : TRY(posix::wait_for_any(watched))) {
            if (ready == process.pidfd()) has_ended = true;
            if (ready == signals.descriptor()) {
                int signal = TRY(signals.next());
                if (signal == SIGWINCH && raw)
                    TRY(posix::set_window_size(console.get(), TRY(posix::window_size(0))));
                else if (signal != SIGCHLD)
                    (void)process.kill(signal);  // it may just have ended
            }
            bool is_console = console && ready == console.get();
            bool is_input = console && ready == 0 && ready != process.pidfd();
            if (is_console && !TRY(copy_some(console.get(), 1))) std::erase(watched, console.get());
            if (is_input && !TRY(copy_some(0, console.get()))) std::erase(watched, 0);
        }
    }
    // What the terminal still holds was written before the end.
    if (console) {
        TRY(posix::set_nonblocking(console.get(), true));
        while (TRY(copy_some(console.get(), 1))) {
        }
    }
    return process.wait();
}

}  // namespace tare::oci_command
