#include "engine/supervisor/start_failure.h"

#include <algorithm>
#include <array>

namespace tare::supervisor {

namespace {

bool says_any(std::string_view text, std::initializer_list<std::string_view> phrases) {
    return std::any_of(phrases.begin(), phrases.end(),
                       [&](std::string_view phrase) { return text.find(phrase) != std::string_view::npos; });
}

/// Of the command, that is: a working directory or the source of a mount may be missing just as well.
bool says_command_missing(std::string_view text) {
    return says_any(text, {"exec: \""}) &&
           says_any(text,
                    {"executable file not found", "no such file or directory", "No such file or directory"});
}

/// The texts are an interface: docker's CLI looks for the same phrases to choose its own exit code.
StartFailure explain(const Error& error, std::string_view prefix, int other_code) {
    const std::string& text = error.message();
    const std::string message = cat(prefix, text);
    // What is not found is inside the container; the container itself is there.
    const ErrorKind kind = error.is(ErrorKind::not_found) ? ErrorKind::unknown : error.kind();
    StartFailure failure{.exit_code = other_code, .error = Error(kind, message)};
    if (says_command_missing(text)) {
        failure = {.exit_code = 127, .error = Error(ErrorKind::invalid_argument, message)};
    } else if (says_any(text,
                        {"permission denied", "Permission denied", "is a directory", "Is a directory"})) {
        failure = {.exit_code = 126, .error = Error(ErrorKind::invalid_argument, message)};
    }
    failure.error.set_hint(error.hint());
    failure.error.set_error_number(error.error_number());
    return failure;
}

}  // namespace

StartFailure explain_start_failure(const Error& error, FailedBy by) {
    if (by == FailedBy::engine) return {.exit_code = 128, .error = error};
    return explain(
        error,
        "failed to create task for container: failed to create shim task: OCI runtime create failed: ", 128);
}

StartFailure explain_exec_failure(const Error& error, FailedBy by) {
    if (by == FailedBy::engine) return {.exit_code = 126, .error = error};
    return explain(error, "OCI runtime exec failed: exec failed: ", 126);
}

}  // namespace tare::supervisor
