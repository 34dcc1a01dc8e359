#pragma once

// Unix sockets: files in directories that only we can enter, never abstract names (security rule R21).

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/deadline.h"
#include "posix/fd.h"

namespace tare::posix {

enum class SocketKind { stream, packets };

/// Two connected sockets; `packets` keeps message boundaries (SOCK_SEQPACKET).
Result<std::pair<Fd, Fd>> make_socket_pair(SocketKind kind);

/// socket(2), O_CLOEXEC: for libraries that connect by themselves.
Result<Fd> make_socket(int family, int type, int protocol);

/// A listening socket at `path` (at most 107 bytes), mode `mode` from its first moment: bound under a
/// temporary name in the same directory, then renamed over what was there.
Result<Fd> listen_unix(const std::string& path, mode_t mode);
Result<Fd> connect_unix(const std::string& path);
/// The next connection; EAGAIN as `unavailable` on a non-blocking listener.
Result<Fd> accept_connection(int listener);

struct PeerCredentials {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};
/// Who connected (SO_PEERCRED).
Result<PeerCredentials> peer_credentials(int socket);

/// Sends all bytes; the descriptors go with the first of them (SCM_RIGHTS), at most 16.
Result<> send_message(int socket, std::string_view bytes, const std::vector<int>& descriptors = {});

struct Message {
    std::string bytes;  ///< empty: the peer has closed
    std::vector<Fd> descriptors;
};
/// What one recvmsg gives, at most `max_bytes`. A message whose descriptors did not fit is an error, and
/// none of them leaks.
Result<Message> receive_message(int socket, std::size_t max_bytes);

/// Sends what fits without waiting, of the parts one after another, and returns how many bytes that was;
/// `unavailable` with EAGAIN if nothing fits. A peer that is gone is an error, never a signal. Descriptors
/// go with the first byte, so they are sent as soon as anything is.
Result<std::size_t> send_now(int socket, std::span<const std::string_view> parts,
                             const std::vector<int>& descriptors = {});
/// Receives what is there without waiting; 0 at the end, `unavailable` with EAGAIN if there is nothing.
Result<std::size_t> receive_now(int socket, char* buffer, std::size_t size);

/// Half-closes for writing.
Result<> shut_down_writing(int socket);

/// Waits until the descriptor is readable (or at its end); false if the deadline passed.
Result<bool> wait_readable(int fd, Deadline deadline);

/// Takes a port of an IPv4 address (host order; 0 is every one) so that no other process can bind it,
/// without serving it: what arrives there is for others to redirect. failed_precondition with EADDRINUSE
/// if it is taken; EADDRNOTAVAIL for an address that is not ours; unimplemented (EPROTONOSUPPORT) where
/// the kernel does not know the protocol.
enum class Transport { tcp, udp, sctp };
Result<Fd> take_port(Transport transport, std::uint32_t address, std::uint16_t port);

}  // namespace tare::posix
