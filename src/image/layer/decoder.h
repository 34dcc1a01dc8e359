#pragma once

// Decompression where the bytes are wanted in this process: archives of `docker load` and `docker cp`.

#include <memory>
#include <stop_token>
#include <string>

#include "image/layer/byte_stream.h"
#include "image/layer/worker.h"
#include "posix/fd.h"

namespace tare::layer {

class WorkerProcess;

/// The decompressed bytes of `source`, decoded by a worker; what is not compressed passes through without
/// one. Borrows both. For one thread, which must not end before it: the worker would die with it. Reading
/// fails as Decompressor's does, and as unpack_layer() does.
class ConfinedDecoder : public ByteSource {
  public:
    ConfinedDecoder(const WorkerProgram& program, ByteSource& source, std::stop_token cancel = {});
    ~ConfinedDecoder() override;

    Result<std::size_t> read(std::span<char> buffer) override;

  private:
    /// What was read to find out the codec, then the rest.
    class Whole : public ByteSource {
      public:
        explicit Whole(ByteSource& rest) : rest_(rest) {}
        Result<> look(std::size_t count);
        std::string_view begin() const { return begin_; }
        Result<std::size_t> read(std::span<char> buffer) override;
        void interrupt(const Error& error) override { rest_.interrupt(error); }

      private:
        ByteSource& rest_;
        std::string begin_;
        std::size_t passed_bytes_ = 0;
    };

    Result<> start();
    Result<> finish();

    const WorkerProgram& program_;
    Whole source_;
    std::stop_token cancel_;
    bool is_started_ = false;
    posix::Fd output_;
    std::unique_ptr<WorkerProcess> worker_;  ///< none if nothing is compressed, or at the end
    bool is_plain_ = false;
};

}  // namespace tare::layer
