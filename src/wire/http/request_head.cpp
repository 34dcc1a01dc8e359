#include "wire/http/request_head.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tare::http {

namespace {

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(c));
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

// RFC 9110 field values: visible characters, space, tab and bytes above 0x7f.
bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

// Only spaces and tabs: a wider notion of white space is how two parsers come to disagree.
std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

bool has_list_item(std::string_view list, std::string_view wanted) {
    return std::ranges::any_of(split(list, ','),
                               [&](std::string_view item) { return to_lower(trim_blanks(item)) == wanted; });
}

Error bad(std::string_view why) {
    return fail(ErrorKind::invalid_argument, "malformed request: ", why);
}

constexpr std::size_t kMostParameters = 1000;

Result<> parse_query(std::string_view text, RequestHead& head) {
    if (text.empty()) return {};
    for (std::string_view pair : split(text, '&')) {
        if (pair.empty()) continue;
        auto [name, value] = cut(pair, '=');
        auto decoded_name = percent_decode(name, true);
        auto decoded_value = percent_decode(value.value_or(""), true);
        if (!decoded_name || !decoded_value) return bad("an escape in the query is wrong");
        if (head.query.size() == kMostParameters)
            return fail(ErrorKind::resource_exhausted, "the request has more than ", kMostParameters,
                        " query parameters");
        head.query.emplace_back(std::move(*decoded_name), std::move(*decoded_value));
    }
    return {};
}

Result<> parse_request_line(std::string_view line, RequestHead& head) {
    std::vector<std::string_view> words = split(line, ' ');
    if (words.size() != 3) return bad("the request line has no three parts");
    if (!is_token(words[0]) || words[0].size() > 16) return bad("the method is wrong");
    head.method = words[0];
    head.target = words[1];
    if (!words[2].starts_with("HTTP/")) return bad("the request line names no HTTP version");
    if (words[2] == "HTTP/1.0") {
        head.minor_version = 0;
    } else if (words[2] != "HTTP/1.1") {
        return fail(ErrorKind::out_of_range, "HTTP version ", quote(words[2]), " is not spoken here");
    }
    bool is_printable = std::ranges::all_of(head.target, [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f;
    });
    if (!head.target.starts_with('/') || !is_printable || head.target.contains('#'))
        return bad("the request's target is no path");
    auto [path, query] = cut(head.target, '?');
    auto decoded = percent_decode(path);
    if (!decoded) return bad("an escape in the path is wrong");
    head.path = std::move(*decoded);
    return parse_query(query.value_or(""), head);
}

Result<> parse_field(std::string_view line, RequestHead& head) {
    // A line that begins with a blank would continue the one before (obs-fold).
    if (line.front() == ' ' || line.front() == '\t') return bad("a header is folded");
    auto [name, value] = cut(line, ':');
    if (!value || !is_token(name)) return bad("a header has no proper name");
    std::string_view trimmed = trim_blanks(*value);
    if (!is_field_value(trimmed)) return bad("a header holds a control character");
    head.headers.emplace_back(to_lower(name), std::string(trimmed));
    return {};
}

std::size_t count_of(const RequestHead& head, std::string_view name) {
    return static_cast<std::size_t>(
        std::ranges::count_if(head.headers, [&](const auto& header) { return header.first == name; }));
}

// RFC 9112 section 6, without its leniency: one header says how long the body is.
Result<> choose_framing(RequestHead& head) {
    std::size_t lengths = count_of(head, "content-length");
    std::size_t codings = count_of(head, "transfer-encoding");
    if (codings > 0 && lengths > 0) return bad("it has both Content-Length and Transfer-Encoding");
    if (lengths > 1 || codings > 1) return bad("the length of the body is given twice");
    if (codings == 1) {
        if (head.minor_version == 0) return bad("HTTP/1.0 knows no Transfer-Encoding");
        std::string_view coding = head.header("transfer-encoding");
        if (to_lower(coding) != "chunked")
            return fail(ErrorKind::unimplemented, "transfer coding ", quote(coding), " is not understood");
        head.framing = BodyFraming::chunked;
    } else if (lengths == 1) {
        std::string_view text = head.header("content-length");
        auto length = parse_integer<std::uint64_t>(text);
        if (!length || text.size() > 18) return bad("Content-Length is no number");
        head.content_length = *length;
        head.framing = *length > 0 ? BodyFraming::length : BodyFraming::none;
    }
    return {};
}

Result<> check_origin(const RequestHead& head) {
    std::size_t hosts = count_of(head, "host");
    if (hosts > 1 || (hosts == 0 && head.minor_version == 1)) return bad("it needs exactly one Host");
    if (hosts == 1 && !is_known_host(head.header("host")))
        return fail(ErrorKind::permission_denied, "host ", quote(head.header("host")), " is not served here");
    // No client of the API sends these; a browser does, for whatever page it shows (CVE-2018-1002103).
    if (count_of(head, "origin") > 0)
        return fail(ErrorKind::permission_denied, "requests of web pages (origin ",
                    quote(head.header("origin")), ") are not served");
    std::string_view site = head.header("sec-fetch-site");
    if (count_of(head, "sec-fetch-site") > 0 && site != "none")
        return fail(ErrorKind::permission_denied, "requests of web pages are not served");
    return {};
}

Result<> interpret(RequestHead& head) {
    TRY(choose_framing(head));
    TRY(check_origin(head));
    std::string connection;
    for (const auto& [name, value] : head.headers)
        if (name == "connection") connection += cat(connection.empty() ? "" : ",", value);
    head.keep_alive = head.minor_version == 1 ? !has_list_item(connection, "close")
                                              : has_list_item(connection, "keep-alive");
    head.wants_upgrade = has_list_item(connection, "upgrade") && !head.header("upgrade").empty();
    std::string_view expectation = head.header("expect");
    if (!expectation.empty()) {
        if (to_lower(expectation) != "100-continue")
            return fail(ErrorKind::failed_precondition, "expectation ", quote(expectation), " cannot be met");
        head.expects_continue = head.minor_version == 1 && head.framing != BodyFraming::none;
    }
    return {};
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const {
    auto found =
        std::ranges::find(headers, name, [](const auto& header) -> std::string_view { return header.first; });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::string_view> RequestHead::query_value(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name) return value;
    return std::nullopt;
}

std::vector<std::string> RequestHead::query_values(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : query)
        if (key == name) values.push_back(value);
    return values;
}

bool head_is_ready(std::string_view buffer, std::size_t scanned, const HeadLimits& limits) {
    if (buffer.size() > limits.bytes) return true;
    for (std::size_t at = buffer.find('\n', scanned); at != std::string_view::npos;
         at = buffer.find('\n', at + 1)) {
        if (at == 0 || buffer[at - 1] != '\r') return true;
        if (at == 1 || (at >= 3 && buffer[at - 2] == '\n')) return true;
    }
    return false;
}

Result<std::optional<ParsedHead>> parse_request_head(std::string_view buffer, const HeadLimits& limits) {
    ParsedHead parsed;
    std::string_view rest = buffer;
    for (bool is_first = true;; is_first = false) {
        std::size_t end = rest.find('\n');
        if (end == std::string_view::npos ? rest.size() > limits.line_bytes : end > limits.line_bytes)
            return fail(ErrorKind::resource_exhausted, "a line of the request's head is too long");
        if (end == std::string_view::npos) break;
        if (end == 0 || rest[end - 1] != '\r') return bad("a line does not end in CRLF");
        std::string_view line = rest.substr(0, end - 1);
        if (line.contains('\r') || line.contains('\0')) return bad("a line holds a bare CR or a NUL");
        rest.remove_prefix(end + 1);
        if (is_first) {
            TRY(parse_request_line(line, parsed.head));
        } else if (line.empty()) {
            TRY(interpret(parsed.head));
            parsed.bytes = buffer.size() - rest.size();
            if (parsed.bytes > limits.bytes) break;
            return std::optional(std::move(parsed));
        } else {
            if (parsed.head.headers.size() >= limits.fields)
                return fail(ErrorKind::resource_exhausted, "the request has too many headers");
            TRY(parse_field(line, parsed.head));
        }
    }
    if (buffer.size() > limits.bytes)
        return fail(ErrorKind::resource_exhausted, "the request's head is too long");
    return std::optional<ParsedHead>();
}

int status_of_bad_head(const Error& error) {
    switch (error.kind()) {
        case ErrorKind::resource_exhausted:
            return 431;
        case ErrorKind::unimplemented:
            return 501;
        case ErrorKind::out_of_range:
            return 505;
        case ErrorKind::failed_precondition:
            return 417;
        case ErrorKind::permission_denied:
            return 403;
        default:
            return 400;
    }
}

bool is_known_host(std::string_view host) {
    if (host.empty()) return true;
    if (host.starts_with('[')) {
        std::size_t end = host.find(']');
        return end != std::string_view::npos && host.substr(0, end + 1) == "[::1]";
    }
    auto [name, port] = cut(host, ':');
    if (port && !parse_integer<std::uint16_t>(*port)) return false;
    std::string lower = to_lower(name);
    // Clients of a unix socket send its path, percent-encoded, or whatever word they like; a word
    // without a dot is no name that a stranger could own.
    if (lower.starts_with("%2f") || !lower.contains('.')) return true;
    if (lower.ends_with(".localhost")) return true;
    std::vector<std::string_view> labels = split(lower, '.');
    bool is_address = labels.size() == 4 && std::ranges::all_of(labels, [](std::string_view label) {
                          return parse_integer<std::uint8_t>(label).has_value();
                      });
    return is_address && labels[0] == "127";
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            auto byte = parse_integer<std::uint8_t>(text.substr(i + 1, 2), 16);
            if (!byte || *byte == 0) return std::nullopt;
            decoded.push_back(static_cast<char>(*byte));
            i += 2;
        } else {
            decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return decoded;
}

}  // namespace tare::http
