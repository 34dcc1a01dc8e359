#pragma once

// Streams of bytes: what a download, a decompressor, a tar and a file have in common. A Source is
// pulled, a Sink is pushed to, and a BoundedPipe turns a push on one thread into a pull on another.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::layer {

/// Bytes that somebody else produces. One reader.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    /// Fills a part of `buffer` (never empty) and says how much; 0 is the end, and stays it. May
    /// wait for the producer.
    virtual Result<std::size_t> read(std::span<char> buffer) = 0;
    /// From any thread: nobody wants more. A read that waits for a producer fails with this error, and so
    /// do later ones. What never waits for long may ignore it.
    virtual void interrupt(const Error& /*error*/) {}
};

/// Where bytes go. One writer.
class ByteSink {
  public:
    virtual ~ByteSink() = default;
    /// Takes all of `bytes` or fails; may wait for the consumer.
    virtual Result<> write(std::string_view bytes) = 0;
};

/// Reads what is in memory; borrows it.
class StringSource : public ByteSource {
  public:
    explicit StringSource(std::string_view bytes) : left_(bytes) {}
    Result<std::size_t> read(std::span<char> buffer) override;

  private:
    std::string_view left_;
};

/// Collects in memory, at most `max_bytes` (resource_exhausted beyond).
class StringSink : public ByteSink {
  public:
    explicit StringSink(std::size_t max_bytes = std::size_t{64} << 20) : max_bytes_(max_bytes) {}
    Result<> write(std::string_view bytes) override;
    const std::string& text() const { return text_; }

  private:
    std::size_t max_bytes_;
    std::string text_;
};

/// Reads a descriptor, which stays the caller's.
class FdSource : public ByteSource {
  public:
    explicit FdSource(int fd) : fd_(fd) {}
    Result<std::size_t> read(std::span<char> buffer) override;

  private:
    int fd_;
};

/// Writes to a descriptor, which stays the caller's.
class FdSink : public ByteSink {
  public:
    explicit FdSink(int fd) : fd_(fd) {}
    Result<> write(std::string_view bytes) override;

  private:
    int fd_;
};

/// Exactly the next `size_bytes` of another source; data_loss if it ends before.
class LimitedSource : public ByteSource {
  public:
    LimitedSource(ByteSource& source, std::uint64_t size_bytes) : source_(source), left_(size_bytes) {}
    Result<std::size_t> read(std::span<char> buffer) override;

  private:
    ByteSource& source_;
    std::uint64_t left_;
};

/// Moves everything from one to the other; answers how much it was.
Result<std::uint64_t> copy(ByteSource& from, ByteSink& to);

/// A bounded buffer between one producing and one consuming thread. The producer waits while it is
/// full, the consumer while it is empty (rule R18: bounded, with back-pressure), and either side can
/// end it for both:
///
///     producer: write()… then finish(), or fail(error) if the bytes will never be whole
///     consumer: source().read()… until 0, or cancel(error) if it wants no more
///
/// Memory is allocated at the first write.
class BoundedPipe : public ByteSink {
  public:
    explicit BoundedPipe(std::size_t capacity_bytes);
    ~BoundedPipe() override;

    /// Waits for room. Fails with the consumer's error once it has cancelled.
    Result<> write(std::string_view bytes) override;
    /// Ends the stream: the consumer reads what is left and then 0.
    void finish();
    /// Breaks the stream: the consumer gets this error at its next read, whatever is left.
    void fail(Error error);

    /// The consumer's end; lives as long as the pipe.
    ByteSource& source() { return reader_; }
    /// The consumer wants no more: waiting and later writes fail with this error.
    void cancel(Error error);

  private:
    class Reader : public ByteSource {
      public:
        explicit Reader(BoundedPipe& pipe) : pipe_(pipe) {}
        Result<std::size_t> read(std::span<char> buffer) override { return pipe_.take(buffer); }
        void interrupt(const Error& error) override { pipe_.cancel(error); }

      private:
        BoundedPipe& pipe_;
    };

    Result<std::size_t> take(std::span<char> buffer);

    const std::size_t capacity_bytes_;
    Reader reader_{*this};
    std::mutex mutex_;  ///< guards all below
    std::condition_variable room_;
    std::condition_variable bytes_;
    std::unique_ptr<char[]> ring_;
    std::size_t begin_ = 0;
    std::size_t filled_bytes_ = 0;
    bool finished_ = false;
    std::optional<Error> producer_error_;
    std::optional<Error> consumer_error_;
};

}  // namespace tare::layer
