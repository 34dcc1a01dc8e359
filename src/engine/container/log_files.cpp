#include "engine/container/log_files.h"

#include <algorithm>

#include <fcntl.h>

#include "base/json.h"
#include "posix/file.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

constexpr std::size_t kBlockBytes = 64 << 10;
// Of one entry: 16 KiB of output, each byte of which may be six in JSON, and attributes.
constexpr std::size_t kLineBytes = std::size_t{1} << 20;
constexpr unsigned kMostFiles = 1000;
constexpr int kAttempts = 16;

Result<std::optional<LogFile>> open_one(const std::string& path) {
    auto file = posix::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file && file.error().is(ErrorKind::not_found)) return std::optional<LogFile>();
    if (!file) return file.error();
    auto status = TRY(posix::status_of(file->get()));
    return std::optional(LogFile{.file = std::move(*file), .device = status.device, .inode = status.inode});
}

std::optional<LogEntry> parse_whole(std::string_view line) {
    auto document = parse_json(line, {.what = "log line", .size_bytes = kLineBytes});
    if (!document) return std::nullopt;
    const Json* text = document->find("log");
    const Json* stream = document->find("stream");
    const Json* time = document->find("time");
    if (text == nullptr || text->as_string() == nullptr || time == nullptr || time->as_string() == nullptr)
        return std::nullopt;
    auto when = parse_rfc3339(*time->as_string());
    if (!when) return std::nullopt;
    LogEntry entry{.time = *when, .text = *text->as_string()};
    if (stream != nullptr && stream->as_string() != nullptr && *stream->as_string() == "stderr")
        entry.stream = LogEntry::Stream::standard_error;
    if (const Json* attributes = document->find("attrs"); attributes != nullptr)
        if (const Json::Object* members = attributes->as_object())
            for (const auto& [name, value] : *members)
                if (value.as_string() != nullptr) entry.attributes.emplace_back(name, *value.as_string());
    return entry;
}

}  // namespace

std::optional<LogEntry> parse_log_line(std::string_view line) {
    if (auto entry = parse_whole(line)) return entry;
    // Inside a string the quotes are escaped, so this can only be the begin of an entry.
    const std::size_t begin = line.rfind("{\"log\":\"");
    if (begin == std::string_view::npos || begin == 0) return std::nullopt;
    return parse_whole(line.substr(begin));
}

Result<std::deque<LogFile>> open_log_files(const std::string& path) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        std::deque<LogFile> files;
        auto newest = TRY(open_one(path));
        if (newest) files.push_back(std::move(*newest));
        bool has_moved = false;
        // While the writer renames one after another, one number is missing for a moment.
        unsigned missing = 0;
        for (unsigned number = 1; number < kMostFiles && !has_moved && missing < 2; ++number) {
            auto older = TRY(open_one(cat(path, ".", number)));
            if (!older) {
                ++missing;
                continue;
            }
            missing = 0;
            has_moved = std::ranges::find(files, *older) != files.end();
            files.push_front(std::move(*older));
        }
        // The same file under two names, or another one under the first: it rotated while we looked.
        auto now_newest = TRY(open_one(path));
        const bool is_same = now_newest ? !files.empty() && *now_newest == files.back() : files.empty();
        if (!has_moved && is_same) return files;
        // Between the renames there is no PATH for a moment; what was found is the log then.
        if (!has_moved && !now_newest && attempt == kAttempts - 1) return files;
    }
    return fail(ErrorKind::unavailable, "log ", path, " rotates faster than it can be opened");
}

Result<LogLines> LogLines::open(const std::string& path, std::optional<std::uint64_t> tail) {
    LogLines lines(path);
    lines.files_ = TRY(open_log_files(path));
    if (tail) TRY(lines.seek_tail(*tail));
    return lines;
}

// From the end of the newest file backwards until one newline more than lines wanted is found: what stands
// behind it is the tail. Bytes behind the last newline are a line in the making and are not counted.
Result<> LogLines::seek_tail(std::uint64_t lines) {
    std::string block(kBlockBytes, '\0');
    std::uint64_t newlines = 0;
    for (std::size_t index = files_.size(); index-- > 0;) {
        std::uint64_t end = TRY(posix::status_of(files_[index].file.get()))
        .size_bytes;
        while (end > 0) {
            const std::uint64_t begin = end > kBlockBytes ? end - kBlockBytes : 0;
            std::size_t size = 0;
            while (size < end - begin) {
                const std::size_t got = TRY(posix::read_at(files_[index].file.get(), block.data() + size,
                                                           end - begin - size, begin + size));
                if (got == 0) break;  // it was cut off meanwhile
                size += got;
            }
            for (std::size_t i = size; i-- > 0;) {
                if (block[i] != '\n' || ++newlines <= lines) continue;
                files_.erase(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(index));
                offset_ = begin + i + 1;
                return {};
            }
            end = begin;
        }
    }
    return {};
}

Result<std::optional<std::string_view>> LogLines::next() {
    for (;;) {
        const std::size_t newline = buffer_.find('\n', consumed_);
        if (newline != std::string::npos) {
            std::string_view line = std::string_view(buffer_).substr(consumed_, newline - consumed_);
            consumed_ = newline + 1;
            if (std::exchange(skips_line_, false)) continue;
            return std::optional(line);
        }
        if (!TRY(fill()) && !TRY(next_file())) return std::optional<std::string_view>();
    }
}

// Reads one more block of the present file; false at its end.
Result<bool> LogLines::fill() {
    buffer_.erase(0, std::exchange(consumed_, 0));
    if (files_.empty()) return false;
    if (buffer_.size() > kLineBytes) {
        buffer_.clear();
        skips_line_ = true;
    }
    const int file = files_.front().file.get();
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kBlockBytes);
    auto got = posix::read_at(file, buffer_.data() + had, kBlockBytes, offset_);
    buffer_.resize(had + got.value_or(0));
    if (!got) return got.error();
    offset_ += *got;
    if (*got > 0) return true;
    // A log of one file is cut off in place: what is there now is all new.
    if (TRY(posix::status_of(file)).size_bytes >= offset_) return false;
    offset_ = 0;
    buffer_.clear();
    return true;
}

// Goes on with the file that was begun after the present one; false if there is none (yet).
Result<bool> LogLines::next_file() {
    if (files_.size() < 2) {
        std::deque<LogFile> now = TRY(open_log_files(path_));
        auto present = files_.empty() ? now.end() : std::ranges::find(now, files_.front());
        // Not found: it was removed as the oldest, and all that is there was begun after it.
        const std::size_t behind =
            present == now.end() ? 0 : static_cast<std::size_t>(present - now.begin()) + 1;
        if (behind >= now.size()) return false;
        // What was written to it before it was renamed comes first.
        if (!files_.empty() && TRY(fill())) return true;
        for (std::size_t i = behind; i < now.size(); ++i)
            files_.push_back(std::move(now[i]));
        if (files_.size() == now.size() - behind) return true;  // there was none before
    }
    files_.pop_front();
    offset_ = 0;
    // The begin of a line whose end never came.
    buffer_.clear();
    consumed_ = 0;
    skips_line_ = false;
    return true;
}

}  // namespace tare::container
