#include "api/common/error_status.h"

#include <array>

#include "base/json.h"
#include "base/text.h"

namespace tare::api {

namespace {

struct Row {
    ErrorKind kind;
    int http;
    int grpc;
};

// In the order of ErrorKind. Conflicts (taken names, wrong states) are 409 in Docker's API.
constexpr std::array kTable = {
    Row{ErrorKind::unknown, 500, 2},
    Row{ErrorKind::invalid_argument, 400, 3},
    Row{ErrorKind::not_found, 404, 5},
    Row{ErrorKind::already_exists, 409, 6},
    Row{ErrorKind::permission_denied, 403, 7},
    Row{ErrorKind::unauthenticated, 401, 16},
    Row{ErrorKind::resource_exhausted, 500, 8},
    Row{ErrorKind::failed_precondition, 409, 9},
    Row{ErrorKind::aborted, 409, 10},
    Row{ErrorKind::out_of_range, 400, 11},
    Row{ErrorKind::unimplemented, 501, 12},
    Row{ErrorKind::internal, 500, 13},
    Row{ErrorKind::unavailable, 503, 14},
    Row{ErrorKind::data_loss, 500, 15},
    Row{ErrorKind::cancelled, 500, 1},
    Row{ErrorKind::deadline_exceeded, 500, 4},
};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < kTable.size(); ++i)
        if (static_cast<std::size_t>(kTable[i].kind) != i) return false;
    return kTable.size() == static_cast<std::size_t>(ErrorKind::deadline_exceeded) + 1;
}
static_assert(is_in_order());

}  // namespace

int http_status(ErrorKind kind) {
    return kTable[static_cast<std::size_t>(kind)].http;
}

int grpc_code(ErrorKind kind) {
    return kTable[static_cast<std::size_t>(kind)].grpc;
}

std::string error_document(const Error& error) {
    return error_document(error.hint().empty() ? error.message()
                                               : cat(error.message(), " (", error.hint(), ")"));
}

std::string error_document(std::string_view message) {
    return cat(dump(Json::object().set("message", message)), '\n');
}

}  // namespace tare::api
