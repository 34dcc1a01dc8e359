#pragma once

// A client that is attached to the streams of a process: a hijacked connection that the daemon has handed
// over (SCM_RIGHTS) and that is ours until it ends.

#include <memory>
#include <string>

#include "posix/event_loop.h"
#include "run/shim/bounded_writer.h"
#include "run/shim/detach_keys.h"
#include "run/shim/output.h"
#include "run/task/extension.h"

namespace tare::shim {

/// The process's side of its attachments.
class AttachmentHost {
  public:
    AttachmentHost() = default;
    AttachmentHost(const AttachmentHost&) = delete;
    AttachmentHost& operator=(const AttachmentHost&) = delete;
    virtual ~AttachmentHost() = default;

    /// False before the process has its stdin, and while that is full.
    virtual bool can_take_input() const = 0;
    virtual void give_input(std::string_view bytes) = 0;
    /// Ends the process's stdin, if ends of input do that to it (not to a terminal).
    enum class InputEnd { stdin_ended, stdin_stays };
    virtual InputEnd end_of_client_input(bool closes_stdin) = 0;
    /// An outlet that was full has room.
    virtual void on_room() = 0;
    /// The outlet has closed; it is destroyed by the host, later.
    virtual void on_gone(Outlet& outlet) = 0;
};

/// What a client may be behind before the process has to wait for it.
inline constexpr std::size_t kClientBufferBytes = std::size_t{256} << 10;

class Attachment final : public Outlet {
  public:
    static Result<std::unique_ptr<Attachment>> open(posix::EventLoop& loop, AttachmentHost& host,
                                                    posix::Fd socket, shimv2::AttachRequest request);
    ~Attachment() override;

    bool wants(Stream stream) const override;
    void write(Stream stream, std::string_view bytes) override;
    bool is_full() const override { return writer_->is_full(); }
    void end() override;

    /// Takes the input that came with the request and starts to read. Once the host knows the attachment.
    void begin();
    /// The process can take input (again).
    void resume_input();
    /// How long its buffer has been full without a byte leaving; 0 while it is not full.
    Deadline::Clock::duration stalled_for() const;
    /// Closes it now, whatever it holds.
    void drop();

  private:
    Attachment(posix::EventLoop& loop, AttachmentHost& host, posix::Fd socket, shimv2::AttachRequest request);
    void on_ready(const posix::Epoll::Event& event);
    void take(std::string_view bytes);
    void take_the_rest();
    void pass_on();
    void on_input_end();
    void adjust();

    posix::EventLoop* loop_;
    AttachmentHost* host_;
    posix::Fd socket_;  ///< read from; the writer has a duplicate
    shimv2::AttachRequest request_;
    std::unique_ptr<BoundedWriter> writer_;
    DetachKeys keys_;
    std::string held_input_;  ///< the process cannot take it yet
    bool has_input_ended_ = false;
    bool is_ending_ = false;
    bool is_gone_ = false;
};

}  // namespace tare::shim
