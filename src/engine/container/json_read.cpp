#include "engine/container/json_read.h"

#include <algorithm>

namespace tare::container {

Result<std::optional<Strings>> read_string_or_list(const JsonView& view, std::string_view key) {
    auto member = view.member(key);
    if (!member) return std::optional<Strings>();
    if (const std::string* text = member->json().as_string()) return std::optional(Strings{*text});
    return std::optional(TRY(member->as_strings()));
}

Result<std::optional<Strings>> read_optional_list(const JsonView& view, std::string_view key) {
    auto member = view.member(key);
    if (!member) return std::optional<Strings>();
    return std::optional(TRY(member->as_strings()));
}

Result<Strings> read_set(const JsonView& view, std::string_view key) {
    Strings keys;
    TRY(view.each_member(key, [&](const std::string& name, const JsonView&) -> Result<> {
        keys.push_back(name);
        return {};
    }));
    return keys;
}

Result<std::chrono::nanoseconds> read_duration(const JsonView& view, std::string_view key) {
    return std::chrono::nanoseconds(TRY(view.integer_or<std::int64_t>(key, 0)));
}

Result<std::optional<Time>> read_time(const JsonView& view, std::string_view key) {
    std::string text = TRY(view.string_or(key, ""));
    if (text.empty() || text.starts_with("0001-01-01T")) return std::optional<Time>();
    auto time = parse_rfc3339(text);
    if (!time) return view.error(cat(key, ": ", quote(text), " is no time"));
    return time;
}

Json read_unknown(const JsonView& view, std::span<const std::string_view> known) {
    Json unknown = Json::object();
    if (const Json::Object* members = view.json().as_object())
        for (const auto& [name, value] : *members)
            if (std::ranges::find(known, name) == known.end()) unknown.set(name, value);
    return unknown;
}

void add_unknown(Json& document, const Json& unknown) {
    if (const Json::Object* members = unknown.as_object())
        for (const auto& [name, value] : *members)
            document.set(name, value);
}

Json set_json(const Strings& keys) {
    Json set = Json::object();
    for (const std::string& key : keys)
        set.set(key, Json::object());
    return set;
}

Json list_or_null(const Strings& list) {
    return list.empty() ? Json() : Json(list);
}

}  // namespace tare::container
