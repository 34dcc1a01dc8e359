#include "cli/common/table.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace tare::cli {

namespace {

using Cells = std::vector<std::string_view>;

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_column(const Cells& line, std::size_t column) {
    return column + 1 < line.size();
}

// Lays out lines [from, to), whose first `widths.size()` columns are settled: a block of lines that
// share the next column settles it and recurses, lines without it are written as they are.
class Layout {
  public:
    Layout(const std::vector<Cells>& lines, const TableStyle& style) : lines_(lines), style_(style) {}

    std::string render() {
        format(0, lines_.size());
        return std::move(out_);
    }

  private:
    void format(std::size_t from, std::size_t to) {
        const std::size_t column = widths_.size();
        std::size_t at = from;
        while (at < to) {
            if (!has_column(lines_[at], column)) {
                write_line(lines_[at], at + 1 == lines_.size());
                ++at;
                continue;
            }
            std::size_t end = at;
            std::size_t width = style_.min_width;
            for (; end < to && has_column(lines_[end], column); ++end)
                width = std::max(width, width_of(lines_[end][column]) + style_.padding);
            widths_.push_back(width);
            format(at, end);
            widths_.pop_back();
            at = end;
        }
    }

    void write_line(const Cells& line, bool is_last) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            out_ += line[i];
            if (i < widths_.size() && has_column(line, i)) out_.append(widths_[i] - width_of(line[i]), ' ');
        }
        if (!is_last) out_ += '\n';
    }

    const std::vector<Cells>& lines_;
    const TableStyle& style_;
    std::vector<std::size_t> widths_;
    std::string out_;
};

}  // namespace

std::string align_columns(std::string_view text, const TableStyle& style) {
    std::vector<Cells> lines;
    for (std::string_view line : split(text, '\n'))
        lines.push_back(split(line, '\t'));
    return Layout(lines, style).render();
}

}  // namespace tare::cli
