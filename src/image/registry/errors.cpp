#include "image/registry/errors.h"

#include "base/json.h"

namespace tare::registry {

namespace {

constexpr std::size_t kBodyLimit = std::size_t{64} << 10;
constexpr std::size_t kLineLimit = 512;

std::string string_member(const Json& object, std::string_view key) {
    auto* member = object.find(key);
    auto* text = member ? member->as_string() : nullptr;
    return text ? *text : std::string();
}

std::string_view status_text(int status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "";
    }
}

ErrorKind kind_of(int status) {
    if (status == 401) return ErrorKind::unauthenticated;
    if (status == 403) return ErrorKind::permission_denied;
    if (status == 404) return ErrorKind::not_found;
    if (status == 429) return ErrorKind::resource_exhausted;
    return status >= 500 ? ErrorKind::unavailable : ErrorKind::unknown;
}

Error with_code(const Refusal& refusal, const oci::Reference& reference) {
    auto& code = refusal.error.code;
    std::string text = refusal.error.text();
    if (code == "DENIED" || (code.empty() && refusal.status == 403)) {
        if (code.empty()) text = "denied: requested access to the resource is denied";
        return fail(ErrorKind::permission_denied, "pull access denied for ", reference.familiar_repository(),
                    ", repository does not exist or may require 'docker login': ", text);
    }
    if (code == "MANIFEST_UNKNOWN" || (code.empty() && refusal.status == 404)) {
        if (code.empty()) text = "manifest unknown: manifest unknown";
        return fail(ErrorKind::not_found, "manifest for ", reference.familiar(), " not found: ", text);
    }
    if (code == "NAME_UNKNOWN")
        return fail(ErrorKind::not_found, "repository ", reference.familiar_repository(),
                    " not found: ", text);
    return fail(kind_of(refusal.status), text);
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string line(text.substr(0, kLineLimit));
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    if (!is_valid_utf8(line)) line = quote(line);
    return line;
}

std::string RegistryError::text() const {
    return cat(replace_all(to_lower(code), "_", " "), ": ", message);
}

RegistryError parse_registry_error(std::string_view body) {
    auto document = parse_json(body, {.what = "error", .size_bytes = kBodyLimit});
    if (!document) return {};
    auto* errors = document->find("errors");
    auto* list = errors ? errors->as_array() : nullptr;
    if (!list || list->empty()) return {};
    return {.code = one_line(string_member(list->front(), "code")),
            .message = one_line(string_member(list->front(), "message"))};
}

Refusal read_refusal(http::Exchange& answer, const http::Url& url, std::string_view method) {
    Refusal refusal{
        .status = answer.head().status, .error = {}, .url = url.display(), .method = std::string(method)};
    auto body = answer.read_all(kBodyLimit);
    if (body) refusal.error = parse_registry_error(*body);
    return refusal;
}

Error refusal_error(const Refusal& refusal, const oci::Reference& reference) {
    bool is_known = !refusal.error.code.empty() || refusal.status == 403 || refusal.status == 404;
    if (is_known) return with_code(refusal, reference);
    return fail(kind_of(refusal.status), refusal.method, " ", quote(refusal.url),
                ": received unexpected HTTP status: ", refusal.status, " ", status_text(refusal.status));
}

bool is_temporary(int status) {
    return status == 408 || status == 429 || (status >= 500 && status != 501);
}

}  // namespace tare::registry
