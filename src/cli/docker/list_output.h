#pragma once

// `--format` for lists: the default table, "table TEMPLATE", "json" or a template for each row.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/common/template.h"

namespace tare::cli::docker {

/// A field of a row and the head of its column.
struct Column {
    std::string_view field;
    std::string_view header;
};

/// One line: its fields, and the labels that `.Label "x"` reads.
struct Row {
    Json fields;
    Json labels = Json();
};

/// What a list command can show.
struct ListView {
    std::string_view type_name;       ///< Go type in messages: "*formatter.ContainerContext"
    std::span<const Column> columns;  ///< every field with a header
    std::string default_table;        ///< template behind "table " when no format was given
    std::string quiet;                ///< template for -q
    std::string raw;                  ///< template for "raw"; "" if the list has none
};

enum class Quiet { no, yes };

/// A chosen and parsed format.
class ListFormat {
  public:
    /// `format`: the flag's value or the configured default, "" for neither.
    static Result<ListFormat> parse(const ListView& view, std::string_view format, Quiet quiet = Quiet::no);

    bool is_table() const { return is_table_; }
    /// True if a row's field is shown.
    bool mentions(std::string_view field) const { return template_.mentions(field); }
    /// True if the whole row is shown (`json .`).
    bool takes_whole() const { return template_.takes_whole(); }
    /// The whole output for these rows.
    Result<std::string> render(const std::vector<Row>& rows) const;
    Result<std::string> render(const std::vector<Json>& rows) const;

  private:
    Result<std::string> render_row(const Row& row) const;
    ListFormat(const ListView& view, Template parsed, bool is_table)
        : view_(&view), template_(std::move(parsed)), is_table_(is_table) {}

    const ListView* view_;
    Template template_;
    bool is_table_;
};

/// The text with the escapes \t and \n replaced, as `--format` of lists has them.
std::string unescape_format(std::string_view format);

/// The members sorted by name: what `{{json .}}` of a row shows.
Json sorted(Json object);

/// The first 12 hex digits of an id with or without "sha256:".
std::string short_id(std::string_view id);
/// At most `width` columns, the last of them "…".
std::string ellipsis(std::string_view text, std::size_t width);

}  // namespace tare::cli::docker
