#include "cli/docker/list_output.h"

#include <algorithm>

#include "cli/common/table.h"

namespace tare::cli::docker {

namespace {

// The label of `.Label "x"`; nothing for other calls.
const std::string* asked_label(std::string_view name, std::span<const Value> arguments) {
    return name == "Label" && arguments.size() == 1 ? arguments[0].json.as_string() : nullptr;
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
    while (text.starts_with(' '))
        text.erase(0, 1);
    while (text.ends_with(' '))
        text.pop_back();
    auto parsed = Template::parse(unescape_format(text));
    if (!parsed) return std::move(parsed.error().prepend("failed to parse template"));
    return ListFormat(view, std::move(*parsed), is_table);
}

Result<std::string> ListFormat::render_row(const Row& row) const {
    TemplateScope scope;
    scope.type_name = view_->type_name;
    scope.method = [&row](std::string_view name, std::span<const Value> arguments) -> std::optional<Value> {
        const std::string* label = asked_label(name, arguments);
        if (label == nullptr) return std::nullopt;
        const Json* value = row.labels.find(*label);
        return Value{value != nullptr ? *value : Json(""), {}, true};
    };
    auto text = template_.execute(row.fields, scope);
    if (!text) return std::move(text.error().prepend("failed to execute template"));
    return cat(*text, '\n');
}

Result<std::string> ListFormat::render(const std::vector<Json>& rows) const {
    std::vector<Row> with_labels;
    for (const Json& row : rows)
        with_labels.push_back({row, Json()});
    return render(with_labels);
}

Result<std::string> ListFormat::render(const std::vector<Row>& rows) const {
    std::string body;
    for (const Row& row : rows)
        body += TRY(render_row(row));
    if (!is_table_) return body;
    TemplateScope scope;
    scope.functions = TemplateScope::Functions::headers;
    scope.method = [](std::string_view name, std::span<const Value> arguments) -> std::optional<Value> {
        const std::string* label = asked_label(name, arguments);
        if (label == nullptr) return std::nullopt;
        // The last word of "com.example.my-label" heads the column: "my label".
        std::string header = label->substr(label->rfind('.') + 1);
        return Value{Json(replace_all(replace_all(header, "-", " "), "_", " ")), {}, true};
    };
    std::string header = TRY(template_.execute(header_of(*view_), scope));
    return align_columns(cat(header, '\n', body));
}

}  // namespace tare::cli::docker
