#include "wire/http/url.h"

#include <curl/curl.h>

#include "base/text.h"

namespace tare::http {

namespace {

constexpr std::size_t kUrlLimit = 8 << 10;

struct UrlHandle {
    CURLU* handle = curl_url();
    UrlHandle() = default;
    UrlHandle(const UrlHandle&) = delete;
    UrlHandle& operator=(const UrlHandle&) = delete;
    ~UrlHandle() { curl_url_cleanup(handle); }

    /// A part; empty where there is none.
    std::string part(CURLUPart which, unsigned flags = 0) const {
        char* text = nullptr;
        if (curl_url_get(handle, which, &text, flags) != CURLUE_OK || !text) return {};
        std::string out(text);
        curl_free(text);
        return out;
    }
    bool has(CURLUPart which) const {
        char* text = nullptr;
        bool found = curl_url_get(handle, which, &text, 0) == CURLUE_OK;
        curl_free(text);
        return found;
    }
};

Error invalid(std::string_view text, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "invalid URL ", quote(cut(text.substr(0, 256), '?').before),
                ": ", why);
}

/// A byte that two parsers could take differently: control characters, blanks, back-slashes.
bool is_plain(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\')
            return false;
    return true;
}

}  // namespace

std::string Origin::text() const {
    bool is_default = port == (is_tls ? 443 : 80);
    return cat(is_tls ? "https://" : "http://", host, is_default ? "" : ":", is_default ? "" : cat(port));
}

Result<Url> Url::parse(std::string_view text) {
    if (text.size() > kUrlLimit) return invalid(text, "it is too long");
    if (!is_plain(text)) return invalid(text, "it holds a blank, a control character or a back-slash");
    // curl takes "https:///x" for a host named x.
    if (text.find(":///") != std::string_view::npos) return invalid(text, "no host");
    UrlHandle parsed;
    std::string copy(text);
    if (auto code = curl_url_set(parsed.handle, CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME))
        return invalid(text, curl_url_strerror(code));
    std::string scheme = to_lower(parsed.part(CURLUPART_SCHEME));
    if (scheme != "https" && scheme != "http") return invalid(text, "neither http nor https");
    if (parsed.has(CURLUPART_USER) || parsed.has(CURLUPART_PASSWORD))
        return invalid("", "user information in an address is not taken");
    Url url;
    url.origin_.is_tls = scheme == "https";
    url.origin_.host = to_lower(parsed.part(CURLUPART_HOST));
    auto port = parse_integer<std::uint16_t>(parsed.part(CURLUPART_PORT, CURLU_DEFAULT_PORT));
    if (url.origin_.host.empty() || !port) return invalid(text, "no host or port");
    url.origin_.port = *port;
    url.path_ = parsed.part(CURLUPART_PATH);
    url.query_ = parsed.part(CURLUPART_QUERY);
    return url;
}

std::string Url::text() const {
    return cat(origin_.text(), path_, query_.empty() ? "" : "?", query_);
}

Result<Url> Url::resolve(std::string_view reference) const {
    if (reference.size() > kUrlLimit || !is_plain(reference) || reference.empty())
        return invalid(reference.substr(0, 128), "cannot be followed");
    UrlHandle parsed;
    std::string base = text();
    std::string target(reference);
    if (curl_url_set(parsed.handle, CURLUPART_URL, base.c_str(), 0) != CURLUE_OK)
        return invalid(base, "cannot be followed from");
    if (auto code = curl_url_set(parsed.handle, CURLUPART_URL, target.c_str(), CURLU_NON_SUPPORT_SCHEME))
        return invalid(reference, curl_url_strerror(code));
    return parse(parsed.part(CURLUPART_URL));
}

Url Url::with_query(std::string_view name, std::string_view value) const {
    Url url = *this;
    url.query_ += cat(url.query_.empty() ? "" : "&", percent_encode(name), "=", percent_encode(value));
    return url;
}

Url Url::with_path_suffix(std::string_view suffix) const {
    Url url = *this;
    if (url.path_.ends_with('/') && suffix.starts_with('/')) url.path_.pop_back();
    url.path_ += suffix;
    return url;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '.' || c == '_' || c == '~';
        if (is_unreserved) {
            out.push_back(c);
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

bool is_loopback_host(std::string_view host) {
    if (host == "localhost" || host == "::1" || host == "[::1]") return true;
    if (!host.starts_with("127.")) return false;
    auto parts = split(host, '.');
    if (parts.size() != 4) return false;
    for (auto part : parts)
        if (!parse_integer<std::uint8_t>(part)) return false;
    return true;
}

}  // namespace tare::http
