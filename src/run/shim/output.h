#pragma once

// Where the output of a process goes.

#include <array>
#include <cstdint>
#include <string_view>

namespace tare::shim {

/// The numbers are those of Docker's stdcopy frames.
enum class Stream : std::uint8_t { out = 1, error = 2 };

/// One receiver of output: an attached client, a fifo, a file, a logger. Never waits: what it cannot pass
/// on it keeps, in a bounded buffer.
class Outlet {
  public:
    Outlet() = default;
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    virtual ~Outlet() = default;

    virtual bool wants(Stream stream) const = 0;
    virtual void write(Stream stream, std::string_view bytes) = 0;
    /// Whether its buffer is full: then nothing more is read from the process until there is room.
    virtual bool is_full() const = 0;
    /// No more output comes; it closes once it has passed on what it holds.
    virtual void end() = 0;
};

/// The eight bytes before each piece of a multiplexed connection: stream, 0, 0, 0, length u32 BE.
std::array<char, 8> stdcopy_header(Stream stream, std::uint32_t length);

}  // namespace tare::shim
