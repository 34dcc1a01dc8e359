#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace tare {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::unknown:
            return "unknown";
        case ErrorKind::invalid_argument:
            return "invalid argument";
        case ErrorKind::not_found:
            return "not found";
        case ErrorKind::already_exists:
            return "already exists";
        case ErrorKind::permission_denied:
            return "permission denied";
        case ErrorKind::unauthenticated:
            return "unauthenticated";
        case ErrorKind::resource_exhausted:
            return "resource exhausted";
        case ErrorKind::failed_precondition:
            return "failed precondition";
        case ErrorKind::aborted:
            return "aborted";
        case ErrorKind::out_of_range:
            return "out of range";
        case ErrorKind::unimplemented:
            return "not implemented";
        case ErrorKind::internal:
            return "internal";
        case ErrorKind::unavailable:
            return "unavailable";
        case ErrorKind::data_loss:
            return "data loss";
        case ErrorKind::cancelled:
            return "cancelled";
        case ErrorKind::deadline_exceeded:
            return "deadline exceeded";
    }
    return "unknown";
}

ErrorKind kind_of_errno(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ESRCH:
        case ENXIO:
            return ErrorKind::not_found;
        case EEXIST:
            return ErrorKind::already_exists;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorKind::permission_denied;
        case EINVAL:
        case ENAMETOOLONG:
        case ELOOP:
        case ENOTDIR:
            return ErrorKind::invalid_argument;
        case ENOSPC:
        case EDQUOT:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
            return ErrorKind::resource_exhausted;
        case ETIMEDOUT:
            return ErrorKind::deadline_exceeded;
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return ErrorKind::unavailable;
        case EBUSY:
        case ENOTEMPTY:
            return ErrorKind::failed_precondition;
        case ENOSYS:
        case EOPNOTSUPP:
            return ErrorKind::unimplemented;
        case ECANCELED:
            return ErrorKind::cancelled;
        default:
            return ErrorKind::internal;
    }
}

Error& Error::prepend(std::string_view context) {
    message_.insert(0, ": ").insert(0, context);
    return *this;
}

Error errno_error(int error_number, std::string_view operation, std::string_view object) {
    std::string message(operation);
    if (!object.empty()) message.append(" ").append(object);
    // glibc's strerrordesc_np is not localized, thread-safe and never null for a known number.
    const char* reason = strerrordesc_np(error_number);
    message.append(": ").append(reason ? reason : "unknown error");
    Error error(kind_of_errno(error_number), std::move(message));
    error.set_error_number(error_number);
    return error;
}

}  // namespace tare
