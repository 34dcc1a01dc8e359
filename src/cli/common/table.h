#pragma once

// Columns aligned as Go's text/tabwriter aligns them, which is what scripts that cut the output of
// the docker command by columns rely on.

#include <string>
#include <string_view>

namespace tare::cli {

/// How wide a column is: at least `min_width`, else its widest cell plus `padding` blanks.
struct TableStyle {
    std::size_t min_width = 10;
    std::size_t padding = 3;
};

/// `text`: lines whose cells are separated by tabs. A column is a run of neighbouring lines that
/// have a tab-terminated cell at that place; the last cell of a line belongs to no column. Width is
/// counted in code points.
std::string align_columns(std::string_view text, const TableStyle& style = {});

}  // namespace tare::cli
