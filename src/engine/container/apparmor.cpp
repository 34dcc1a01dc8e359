#include "engine/container/apparmor.h"

#include <csignal>

#include "base/deadline.h"
#include "base/text.h"
#include "posix/file.h"
#include "posix/process.h"

namespace tare::container {

namespace {

constexpr auto kParserProgram = "/sbin/apparmor_parser";
constexpr std::size_t kMaxParserOutputBytes = 4096;
// A small machine compiles it in a second; one under emulation takes ten.
constexpr std::chrono::seconds kParserSeconds{60};

// A denial wins over every permission, and a pattern cannot say "all but": so what stays writable below /proc
// and /sys (processes, kernel.shm*, control groups) is spelled around, a letter at a time. Container roots
// and tare-init are mounts that have no name in the host's namespace, hence attach_disconnected.
constexpr std::string_view kProfile = R"(profile tare-default flags=(attach_disconnected,mediate_deleted) {
  file,
  network,
  capability,
  umount,
  deny mount,
  deny network alg,
  deny network vsock,

  signal (receive) peer=unconfined,
  signal (send, receive) peer=tare-default,
  ptrace (trace, tracedby, read, readby) peer=tare-default,

  deny /proc/kcore rwklx,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/* w,
  deny /proc/[^0-9s]*/** w,
  deny /proc/s[^y]*/** w,
  deny /proc/sy[^s]*/** w,
  deny /proc/sys?*/** w,
  deny /proc/sys/[^k]** w,
  deny /proc/sys/k[^e]** w,
  deny /proc/sys/ke[^r]** w,
  deny /proc/sys/kernel/[^s]** w,
  deny /proc/sys/kernel/s[^h]** w,
  deny /proc/sys/kernel/sh[^m]** w,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
)";

}  // namespace

Result<> load_default_apparmor_profile() {
    if (!posix::exists(kParserProgram))
        return fail(ErrorKind::not_found, kParserProgram, ": no such program")
            .set_hint("install the package apparmor");
    posix::Fd profile = TRY(posix::make_memory_file("apparmor-profile"));
    TRY(posix::write_all(profile.get(), kProfile));
    TRY(posix::seek(profile.get(), 0));
    posix::Pipe words = TRY(posix::make_pipe());
    auto parser = TRY(posix::spawn({.program = kParserProgram,
                                    .args = {"apparmor_parser", "--replace", "--skip-cache"},
                                    .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                    .descriptors = {{profile.get(), 0}, {words.write_end.get(), 2}},
                                    .fate = posix::SpawnOptions::Fate::dies_with_parent}));
    words.write_end.reset();
    auto end = parser.wait(Deadline::after(kParserSeconds));
    if (!end) {
        TRY(parser.kill(SIGKILL));
        TRY(parser.wait());
        return end.error();
    }
    if (end->shell_code() == 0) return {};
    std::string text = posix::read_to_end(words.read_end.get(), kMaxParserOutputBytes).value_or("");
    return fail(ErrorKind::unavailable, "apparmor_parser: exit status ", end->shell_code(), ": ", trim(text));
}

std::string apparmor_profile_of(std::string_view asked_for, bool is_privileged, const HostFacts& host) {
    if (!host.has_apparmor) return "";
    if (!asked_for.empty()) return std::string(asked_for);
    return is_privileged ? "unconfined" : host.apparmor_profile;
}

}  // namespace tare::container
