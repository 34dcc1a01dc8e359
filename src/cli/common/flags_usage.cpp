#include <algorithm>

#include "cli/common/flags.h"

namespace tare::cli {

namespace {

std::string head_of(const Flag& flag) {
    std::string head =
        flag.shorthand != 0 ? cat("  -", flag.shorthand, ", --", flag.name) : cat("      --", flag.name);
    if (!flag.type.empty()) head += cat(' ', flag.type);
    return head;
}

// Breaks one line at white space so that no piece is longer than `width` where that is possible.
void wrap_line(std::vector<std::string>& out, std::string_view line, std::size_t width) {
    while (line.size() > width) {
        std::size_t end = line.rfind(' ', width);
        if (end == std::string_view::npos || end == 0) end = line.find(' ', width);
        if (end == std::string_view::npos) break;
        out.emplace_back(line.substr(0, end));
        line.remove_prefix(end + 1);
    }
    out.emplace_back(line);
}

}  // namespace

std::string FlagSet::usage(std::size_t columns) const {
    std::vector<const Flag*> shown;
    for (const Flag& flag : flags_)
        if (!flag.is_hidden) shown.push_back(&flag);
    std::ranges::sort(shown, {}, &Flag::name);

    std::size_t head_width = 0;
    for (const Flag* flag : shown)
        head_width = std::max(head_width, head_of(*flag).size());
    const std::size_t indent = head_width + 3;
    // A narrow terminal still gets readable pieces.
    const std::size_t width = columns > indent + 24 ? columns - indent : 24;

    std::string out;
    for (const Flag* flag : shown) {
        std::string help = flag->help;
        if (!flag->default_text.empty()) help += cat(" (default ", flag->default_text, ')');
        std::vector<std::string> lines;
        for (std::string_view line : split(help, '\n'))
            wrap_line(lines, line, width);
        std::string head = head_of(*flag);
        for (const std::string& line : lines) {
            head.resize(indent, ' ');
            out += cat(head, line, '\n');
            head.clear();
        }
    }
    return out;
}

}  // namespace tare::cli
