#pragma once

// What the creating process ("parent") and the container's first process ("init") say to each other,
// over a SOCK_SEQPACKET pair, one message a packet:
//
//     parent                                   init
//       |  <- pid (only through a stage)        |   a process that joined namespaces has forked init
//       |  -> go                                |   id maps written, cgroup joined
//       |  <- hooks                             |   namespaces are there, the root is not yet changed
//       |  -> go                                |   prestart and createRuntime hooks have run
//       |  <- console + descriptor              |   only with a terminal
//       |  <- listener                         |   seccomp filters with SCMP_ACT_NOTIFY only: its number
//       |  -> go                                |   taken, and handed to who answers
//       |  <- ready                             |   all set up; init waits on the fifo for start
//       |  <- error (instead of any of these)   |   init ends
//
// exec uses the same messages: its stage sends console and pid; the process, which the container can trace,
// gets go and says nothing but listener and error. The pair closes at execve.

#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace tare::runtime {

enum class MessageKind : char {
    pid = 'p',
    go = 'g',
    hooks = 'h',
    console = 'c',
    listener = 'l',
    ready = 'r',
    error = 'e',
    closed = 0
};

struct Packet {
    MessageKind kind = MessageKind::closed;
    std::string payload;
    std::vector<posix::Fd> descriptors;
};

/// The longest packet; a longer error message is cut.
inline constexpr std::size_t kPacketBytes = 16384;

Result<> send_packet(int socket, MessageKind kind, std::string_view payload = {},
                     const std::vector<int>& fds = {});
/// The number of a seccomp listener, in a call that a filter never announces to it: write(2).
Result<> send_listener(int socket, int listener);
/// The next packet; `closed` when the peer is gone.
Result<Packet> receive_packet(int socket);
/// The next packet, which must be of that kind: an error packet becomes the Error it carries, the end
/// becomes internal "…ended unexpectedly".
Result<Packet> expect_packet(int socket, MessageKind kind);

std::string encode_error(const Error& error);
Error decode_error(std::string_view payload);

}  // namespace tare::runtime
