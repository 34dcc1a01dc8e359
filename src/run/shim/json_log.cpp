#include "run/shim/json_log.h"

#include <algorithm>

#include <fcntl.h>

#include "base/log.h"
#include "posix/file.h"
#include "posix/tree.h"

namespace tare::shim {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

/// The length of the UTF-8 sequence at the front of `text`, 0 if it is none (overlong and surrogates
/// included).
std::size_t sequence_length(std::string_view text) {
    auto lead = static_cast<std::uint8_t>(text[0]);
    std::size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((static_cast<std::uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
    auto second = static_cast<std::uint8_t>(text[1]);
    bool is_wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                    (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
    return is_wrong ? 0 : length;
}

bool is_plain(char each) {
    auto byte = static_cast<std::uint8_t>(each);
    return byte >= 0x20 && byte < 0x80 && each != '"' && each != '\\' && each != '<' && each != '>' &&
           each != '&';
}

void append_ascii(std::string& out, char each) {
    auto byte = static_cast<std::uint8_t>(each);
    if (each == '"' || each == '\\') {
        out.push_back('\\');
        out.push_back(each);
    } else if (each == '\n') {
        out.append("\\n");
    } else if (each == '\r') {
        out.append("\\r");
    } else {
        out.append("\\u00");
        out.push_back(kHex[byte >> 4]);
        out.push_back(kHex[byte & 0xf]);
    }
}

void append_json(std::string& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        std::size_t length = 1;
        if (static_cast<std::uint8_t>(text[0]) < 0x80) {
            append_ascii(out, text[0]);
        } else if ((length = sequence_length(text)) == 0) {
            out.append("\\ufffd");
            length = 1;
        } else if (text.starts_with("\xe2\x80\xa8")) {
            out.append("\\u2028");
        } else if (text.starts_with("\xe2\x80\xa9")) {
            out.append("\\u2029");
        } else {
            out.append(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
    out.push_back('"');
}

std::string_view name_of(Stream stream) {
    return stream == Stream::out ? "stdout" : "stderr";
}

}  // namespace

std::string json_log_entry(std::string_view line, Stream stream, Time time, std::string_view attributes) {
    std::string out;
    out.reserve(line.size() + attributes.size() + 96);
    out.append("{\"log\":");
    append_json(out, line);
    out.append(",\"stream\":\"").append(name_of(stream)).push_back('"');
    if (!attributes.empty()) out.append(",\"attrs\":").append(attributes);
    out.append(",\"time\":\"").append(format_rfc3339(time)).append("\"}\n");
    return out;
}

std::string json_log_attributes(std::vector<std::pair<std::string, std::string>> attributes) {
    if (attributes.empty()) return {};
    std::ranges::sort(attributes);
    std::string out;
    for (auto& [key, value] : attributes) {
        out.push_back(out.empty() ? '{' : ',');
        append_json(out, key);
        out.push_back(':');
        append_json(out, value);
    }
    out.push_back('}');
    return out;
}

Result<JsonLog> JsonLog::open(JsonLogOptions options) {
    JsonLog log(std::move(options));
    log.attributes_ = json_log_attributes(log.options_.attributes);
    log.file_ = TRY(posix::open_file(log.options_.path, O_WRONLY | O_CREAT | O_APPEND, 0640));
    log.size_bytes_ = TRY(posix::status_of(log.file_.get()))
    .size_bytes;
    return log;
}

void JsonLog::write(Stream stream, std::string_view bytes, Time time) {
    Line& line = line_of(stream);
    while (!bytes.empty()) {
        std::size_t room = kLogPieceBytes - line.begun.size();
        std::size_t newline = bytes.substr(0, room).find('\n');
        bool is_whole = newline != std::string_view::npos;
        std::string_view piece = bytes.substr(0, is_whole ? newline + 1 : room);
        bytes.remove_prefix(piece.size());
        Time at = line.first_piece.value_or(time);
        if (is_whole && line.begun.empty()) {
            add_entry(stream, piece, at);
        } else {
            line.begun.append(piece);
            if (!is_whole && line.begun.size() < kLogPieceBytes) break;
            add_entry(stream, line.begun, at);
            line.begun.clear();
        }
        line.first_piece = is_whole ? std::nullopt : std::optional(at);
    }
    flush();
}

void JsonLog::finish(Stream stream, Time time) {
    Line& line = line_of(stream);
    if (!line.begun.empty()) add_entry(stream, line.begun, line.first_piece.value_or(time));
    line = {};
    flush();
}

void JsonLog::add_entry(Stream stream, std::string_view piece, Time time) {
    if (options_.max_bytes > 0 && size_bytes_ + batch_.size() >= options_.max_bytes) {
        flush();
        if (auto rotated = rotate(); !rotated) report(rotated.error());
    }
    batch_ += json_log_entry(piece, stream, time, attributes_);
}

void JsonLog::flush() {
    if (batch_.empty()) return;
    auto written = posix::write_all(file_.get(), batch_);
    if (!written) report(written.error());
    size_bytes_ += batch_.size();
    batch_.clear();
    constexpr std::size_t kept_bytes = 65536;
    if (batch_.capacity() > kept_bytes) batch_.shrink_to_fit();
}

Result<> JsonLog::rotate() {
    const std::string& path = options_.path;
    // With one file its content goes; a reader that follows sees it become shorter.
    int flags = O_WRONLY | O_CREAT | O_APPEND | (options_.max_files < 2 ? O_TRUNC : 0);
    for (std::uint32_t i = options_.max_files < 2 ? 0 : options_.max_files - 1; i > 0; --i) {
        auto moved = posix::rename(i == 1 ? path : cat(path, ".", i - 1), cat(path, ".", i));
        if (!moved && !moved.error().is(ErrorKind::not_found)) return moved;
    }
    file_ = TRY(posix::open_file(path, flags, 0640));
    size_bytes_ = 0;
    return {};
}

void JsonLog::report(const Error& error) {
    if (!has_reported_) log::failure("container log: entries are lost", error);
    has_reported_ = true;
}

}  // namespace tare::shim
