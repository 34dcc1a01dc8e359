#pragma once

// The one error type of tare. A failure is a value: a kind that callers may branch on, a message
// for people, and a hint that says what to do about it.

#include <string>
#include <string_view>
#include <utility>

namespace tare {

/// What went wrong, as containerd and gRPC name it. api/common maps each kind to exactly one gRPC
/// code and one HTTP status.
enum class ErrorKind {
    unknown,
    invalid_argument,
    not_found,
    already_exists,
    permission_denied,
    unauthenticated,
    resource_exhausted,
    failed_precondition,
    aborted,
    out_of_range,
    unimplemented,
    internal,
    unavailable,
    data_loss,
    cancelled,
    deadline_exceeded,
};

/// The kind in containerd's spelling ("not found", "failed precondition").
std::string_view to_string(ErrorKind kind);

/// The kind that an errno of a file or process operation stands for (ENOENT: not_found,
/// ENOSPC: resource_exhausted, …); `internal` where nothing fits better.
ErrorKind kind_of_errno(int error_number);

/// A failure. The message reads "doing what to which object: why"; it never holds a secret.
class Error {
  public:
    Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    ErrorKind kind() const { return kind_; }
    const std::string& message() const { return message_; }
    /// What the user can do, one clause without a full stop; may be empty.
    const std::string& hint() const { return hint_; }
    /// The errno behind the failure, 0 where there was none.
    int error_number() const { return error_number_; }

    bool is(ErrorKind kind) const { return kind_ == kind; }

    Error& set_hint(std::string hint) {
        hint_ = std::move(hint);
        return *this;
    }
    Error& set_error_number(int error_number) {
        error_number_ = error_number;
        return *this;
    }
    /// Puts "context: " in front of the message; kind, hint and errno stay.
    Error& prepend(std::string_view context);

  private:
    ErrorKind kind_;
    int error_number_ = 0;
    std::string message_;
    std::string hint_;
};

/// "operation object: reason in words" with the kind that fits `error_number`.
Error errno_error(int error_number, std::string_view operation, std::string_view object = {});

}  // namespace tare
