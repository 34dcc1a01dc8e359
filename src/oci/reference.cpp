#include "oci/reference.h"

#include <algorithm>

namespace tare::oci {

namespace {

constexpr std::string_view kDefaultHost = "docker.io";
constexpr std::string_view kOfficialPrefix = "library/";
constexpr std::size_t kNameLimit = 255;
constexpr std::size_t kTagLimit = 128;
constexpr std::size_t kTextLimit = 4096;

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/// A separator of a path component at `at`: ".", "_", "__" or a run of "-". Its length, 0 for none.
std::size_t separator_at(std::string_view text, std::size_t at) {
    if (text[at] == '.') return 1;
    if (text[at] == '_') return at + 1 < text.size() && text[at + 1] == '_' ? 2 : 1;
    std::size_t length = 0;
    while (at + length < text.size() && text[at + length] == '-')
        ++length;
    return length;
}

/// Alphanumeric runs joined by single separators.
bool is_path_component(std::string_view text) {
    std::size_t at = 0;
    while (true) {
        std::size_t start = at;
        while (at < text.size() && is_lower_alnum(text[at]))
            ++at;
        if (at == start) return false;
        if (at == text.size()) return true;
        std::size_t length = separator_at(text, at);
        if (length == 0) return false;
        at += length;
    }
}

bool is_host_label(std::string_view label) {
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
    return std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_ipv6_literal(std::string_view text) {
    if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
    return std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
    });
}

bool is_host(std::string_view text) {
    std::string_view name = text;
    auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.back() != ']') {
        auto port = parse_integer<std::uint16_t>(text.substr(colon + 1));
        if (!port) return false;
        name = text.substr(0, colon);
    }
    if (is_ipv6_literal(name)) return true;
    return std::ranges::all_of(split(name, '.'), is_host_label);
}

bool is_tag(std::string_view text) {
    if (text.empty() || text.size() > kTagLimit) return false;
    if (!is_alnum(text.front()) && text.front() != '_') return false;
    return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

/// Whether the part before the first slash is a host rather than a path component.
bool looks_like_host(std::string_view part) {
    return part.find_first_of(".:") != std::string_view::npos || part == "localhost" ||
           std::ranges::any_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
}

Error invalid(std::string_view text, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "invalid reference format: ", quote(text.substr(0, 256)), ": ",
                why);
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
    if (text.empty()) return invalid(text, "it is empty");
    if (text.size() > kTextLimit) return invalid(text, "it is too long");
    Reference reference;
    std::string_view name = text;
    if (auto at = name.find('@'); at != std::string_view::npos) {
        reference.digest_ = TRY_CONTEXT(Digest::parse(name.substr(at + 1)), "invalid reference format");
        name = name.substr(0, at);
    }
    auto slash = name.rfind('/');
    auto colon = name.rfind(':');
    if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
        reference.tag_ = name.substr(colon + 1);
        if (!is_tag(reference.tag_)) return invalid(text, "bad tag");
        name = name.substr(0, colon);
    }
    bool only_hex = name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (only_hex) return invalid(text, "64 hex digits are an id, not a name");

    auto [first, rest] = cut(name, '/');
    bool has_host = rest && looks_like_host(first);
    reference.host_ = has_host ? first : kDefaultHost;
    if (reference.host_ == "index.docker.io") reference.host_ = kDefaultHost;
    std::string_view path = has_host ? *rest : name;
    bool is_official = reference.host_ == kDefaultHost && path.find('/') == std::string_view::npos;
    reference.path_ = is_official ? cat(kOfficialPrefix, path) : std::string(path);

    if (std::ranges::any_of(path, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return invalid(text, "repository name must be lowercase");
    if (!is_host(reference.host_)) return invalid(text, "bad registry host");
    if (!std::ranges::all_of(split(path, '/'), is_path_component))
        return invalid(text, "bad repository name");
    if (reference.repository().size() > kNameLimit)
        return invalid(text, "repository name is longer than 255");
    if (reference.tag_.empty() && reference.digest_.empty()) reference.tag_ = "latest";
    return reference;
}

std::string Reference::text() const {
    return cat(repository(), tag_.empty() ? "" : ":", tag_, digest_.empty() ? "" : "@", digest_.text());
}

std::string Reference::familiar_repository() const {
    if (host_ != kDefaultHost) return repository();
    return path_.starts_with(kOfficialPrefix) ? path_.substr(kOfficialPrefix.size()) : path_;
}

std::string Reference::familiar() const {
    return cat(familiar_repository(), tag_.empty() ? "" : ":", tag_, digest_.empty() ? "" : "@",
               digest_.text());
}

Result<Reference> Reference::with_tag(std::string_view tag) const {
    if (!is_tag(tag)) return invalid(tag, "bad tag");
    Reference other = *this;
    other.tag_ = tag;
    other.digest_ = Digest();
    return other;
}

Reference Reference::with_digest(const Digest& digest) const {
    Reference other = *this;
    other.tag_.clear();
    other.digest_ = digest;
    return other;
}

}  // namespace tare::oci
