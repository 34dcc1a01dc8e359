#include "cli/docker/progress.h"

#include <algorithm>
#include <cstdio>

#include "cli/common/go_format.h"
#include "cli/common/safe_text.h"
#include "cli/common/size.h"
#include "cli/docker/each_name.h"
#include "posix/fd.h"
#include "posix/terminal.h"

namespace tare::cli::docker {

namespace {

constexpr std::size_t kDefaultColumns = 200;

void write_out(int fd, std::string_view text) {
    // Progress that nobody reads must not stop the transfer.
    (void)posix::write_all(fd, text);
}

}  // namespace

Progress Progress::for_descriptor(int fd) {
    auto size = posix::window_size(fd);
    bool terminal = posix::is_terminal(fd);
    return Progress(fd, terminal ? Style::terminal : Style::plain,
                    size && size->columns > 0 ? size->columns : kDefaultColumns);
}

// "[====>    ]  1.2MB/3.4MB", without the bar where the terminal is narrow.
std::string Progress::bar_of(const Json& detail) const {
    auto current = member_at(detail, "current").as_double().value_or(0);
    auto total = member_at(detail, "total").as_double().value_or(0);
    if (current <= 0 && total <= 0) return {};
    bool in_units = !text_at(detail, "units").empty();
    char now[32];
    std::snprintf(now, sizeof now, "%8s",
                  in_units ? cat(static_cast<std::int64_t>(current)).c_str() : format_size(current).c_str());
    if (total <= 0) return cat(now, in_units ? cat(' ', text_at(detail, "units")) : std::string());
    constexpr std::size_t kBarWidth = 50;
    constexpr std::size_t kMinColumns = 110;
    std::string bar;
    if (columns_ > kMinColumns) {
        auto done = static_cast<std::size_t>(std::min(current / total * 100, 100.0)) / 2;
        bar = cat('[', std::string(done, '='), '>',
                  done < kBarWidth ? std::string(kBarWidth - done, ' ') : std::string(), "] ");
    }
    if (current > total) return cat(bar, now);
    return cat(
        bar, now, '/',
        in_units ? cat(static_cast<std::int64_t>(total), ' ', text_at(detail, "units")) : format_size(total));
}

// Goes up to the line of `id`, rewrites it, comes back.
void Progress::print_line(const std::string& id, const std::string& text) {
    std::string shown = escape_for_terminal(text);
    if (id.empty()) {
        write_out(fd_, cat(shown, '\n'));
        lines_.clear();  // what stands above is fixed from now on
        return;
    }
    auto found = lines_.find(id);
    if (found == lines_.end()) {
        lines_.emplace(id, lines_.size());
        write_out(fd_, cat(shown, '\n'));
        return;
    }
    std::size_t up = lines_.size() - found->second;
    write_out(fd_, cat("\x1b[", up, "A\r\x1b[2K", shown, "\x1b[", up, "B\r"));
}

Result<> Progress::show(const Json& document) {
    if (const Json* detail = document.find("errorDetail")) {
        std::string message = text_at(*detail, "message");
        return fail(ErrorKind::unknown, message.empty() ? text_at(document, "error") : message);
    }
    if (const Json* error = document.find("error")) return fail(ErrorKind::unknown, go_print(*error));
    if (const Json* auxiliary = document.find("aux")) {
        auxiliary_ = *auxiliary;
        return {};
    }
    if (const Json* stream = document.find("stream")) {
        std::string text = go_print(*stream);
        write_out(fd_, style_ == Style::terminal ? escape_for_terminal(text) : text);
        return {};
    }
    std::string id = text_at(document, "id");
    std::string status = text_at(document, "status");
    std::string bar = bar_of(member_at(document, "progressDetail"));
    std::string head = id.empty() ? status : cat(id, ": ", status);
    if (style_ == Style::plain) {
        // Lines that only move a bar say nothing once they are all there.
        if (bar.empty()) write_out(fd_, cat(head, '\n'));
        return {};
    }
    bool has_detail = document.find("progressDetail") != nullptr;
    const bool is_layer = has_detail || lines_.contains(id);
    print_line(is_layer ? id : std::string(), is_layer ? cat(head, ' ', bar) : head);
    return {};
}

}  // namespace tare::cli::docker
