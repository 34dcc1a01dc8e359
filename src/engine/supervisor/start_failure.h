#pragma once

// What a start that failed means to a user: Docker's exit code, error kind and text.

#include "base/result.h"

namespace tare::supervisor {

struct StartFailure {
    /// 127: the command was not found; 126: it cannot be executed; anything else: 128, of an exec 126.
    int exit_code = 128;
    /// invalid_argument (400) for the first two: the request names what the image does not have.
    Error error;
};

/// Reads the runtime's words, as clients do. What failed before the runtime was asked (a port that is
/// taken) is passed on as it is, with 128.
enum class FailedBy { engine, runtime };
StartFailure explain_start_failure(const Error& error, FailedBy by = FailedBy::runtime);
/// The same for an exec: "OCI runtime exec failed: …".
StartFailure explain_exec_failure(const Error& error, FailedBy by = FailedBy::runtime);

}  // namespace tare::supervisor
