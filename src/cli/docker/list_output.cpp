#include "cli/docker/list_output.h"

#include <algorithm>

#include "cli/common/table.h"

namespace tare::cli::docker {

namespace {

TemplateScope scope_of(const ListView& view, const Json& row) {
    TemplateScope scope;
    scope.type_name = view.type_name;
    if (view.method)
        scope.method = [&view, &row](std::string_view name, std::span<const Value> arguments) {
            return view.method(row, name, arguments);
        };
    return scope;
}

Json header_of(const ListView& view) {
    Json header = Json::object();
    for (const Column& column : view.columns)
        header.set(column.field, column.header);
    return header;
}

}  // namespace

std::string unescape_format(std::string_view format) {
    return replace_all(replace_all(format, "\\t", "\t"), "\\n", "\n");
}

Json sorted(Json object) {
    if (Json::Object* members = object.as_object())
        std::ranges::sort(*members, {},
                          [](const Json::Member& member) { return std::string_view(member.first); });
    return object;
}

std::string short_id(std::string_view id) {
    if (auto [algorithm, hex] = cut(id, ':'); hex) id = *hex;
    return std::string(id.substr(0, 12));
}

std::string ellipsis(std::string_view text, std::size_t width) {
    std::vector<std::size_t> starts;  // of the code points
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
    if (starts.size() <= width) return std::string(text);
    return cat(text.substr(0, starts[width - 1]), "…");
}

Result<ListFormat> ListFormat::parse(const ListView& view, std::string_view format, Quiet quiet) {
    bool is_table = format.empty() || format == "table" || format.starts_with("table ");
    std::string text;
    if (quiet == Quiet::yes) {
        text = view.quiet;
        is_table = false;
    } else if (format.empty() || format == "table") {
        text = view.default_table;
    } else if (format.starts_with("table ")) {
        text = format.substr(6);
    } else if (format == "json") {
        text = "{{json .}}";
    } else if (format == "raw" && !view.raw.empty()) {
        text = view.raw;
    } else {
        text = format;
    }
    std::string unescaped = unescape_format(trim(text));
    auto parsed = Template::parse(unescaped);
    if (!parsed) return std::move(parsed.error().prepend("template parsing error"));
    return ListFormat(view, std::move(*parsed), is_table);
}

Result<std::string> ListFormat::render_row(const Json& row) const {
    auto text = template_.execute(row, scope_of(*view_, row));
    if (!text) return std::move(text.error().prepend("failed to execute template"));
    return cat(*text, '\n');
}

Result<std::string> ListFormat::render(const std::vector<Json>& rows) const {
    std::string body;
    for (const Json& row : rows)
        body += TRY(render_row(row));
    if (!is_table_) return body;
    TemplateScope scope;
    scope.functions = TemplateScope::Functions::headers;
    scope.method = [](std::string_view name, std::span<const Value> arguments) -> std::optional<Value> {
        // `.Label "x"` heads its column with the label's last word.
        if (name != "Label" || arguments.size() != 1 || !arguments[0].json.is_string()) return std::nullopt;
        std::string_view label = *arguments[0].json.as_string();
        std::string_view last = label.substr(label.rfind('.') + 1);
        std::string out;
        for (char c : last)
            out += c == '-' || c == '_' ? ' ' : c;
        return Value{Json(out), {}, true};
    };
    std::string header = TRY(template_.execute(header_of(*view_), scope));
    return cat(view_->header_prefix, align_columns(cat(header, '\n', body)));
}

}  // namespace tare::cli::docker
