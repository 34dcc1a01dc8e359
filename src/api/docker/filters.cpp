#include "api/docker/filters.h"

#include <algorithm>

#include <re2/re2.h>

#include "api/docker/time_text.h"
#include "base/json.h"

namespace tare::docker {

namespace {

constexpr std::size_t kMostExpressionBytes = 256;
// Of the compiled machine; time is linear in the text whatever the expression.
constexpr std::int64_t kMostExpressionMemory = std::int64_t{1} << 20;

Result<std::vector<std::string>> read_values(const Json& value, const std::string& key) {
    std::vector<std::string> values;
    if (const Json::Array* array = value.as_array()) {
        for (const Json& element : *array) {
            const std::string* text = element.as_string();
            if (text == nullptr) return fail(ErrorKind::invalid_argument, "invalid filter ", quote(key));
            values.push_back(*text);
        }
    } else if (const Json::Object* object = value.as_object()) {
        for (const auto& [text, is_set] : *object)
            if (is_set.as_bool() != nullptr && *is_set.as_bool()) values.push_back(text);
    } else {
        return fail(ErrorKind::invalid_argument, "invalid filter ", quote(key));
    }
    return values;
}

}  // namespace

Result<Filters> Filters::parse(std::string_view text) {
    Filters filters;
    if (text.empty()) return filters;
    auto document = parse_json(text, {.what = "invalid filter", .size_bytes = 1 << 20, .depth = 8});
    if (!document) return std::move(document.error());
    if (document->is_null()) return filters;
    const Json::Object* object = document->as_object();
    if (object == nullptr) return fail(ErrorKind::invalid_argument, "invalid filter: expected an object");
    for (const auto& [key, value] : *object)
        if (!value.is_null()) filters.entries_.emplace_back(key, TRY(read_values(value, key)));
    return filters;
}

Result<> Filters::allow_only(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, values] : entries_)
        if (std::ranges::find(keys, key) == keys.end())
            return fail(ErrorKind::invalid_argument, "invalid filter '", key, "'");
    return {};
}

const std::vector<std::string>& Filters::values(std::string_view key) const {
    static const std::vector<std::string> kNone;
    auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry.first == key; });
    return found == entries_.end() ? kNone : found->second;
}

bool Filters::accepts(std::string_view key, std::string_view value) const {
    const auto& wanted = values(key);
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

Result<bool> Filters::flag(std::string_view key, bool otherwise) const {
    const auto& wanted = values(key);
    if (wanted.empty()) return otherwise;
    std::string text = to_lower(wanted.front());
    if (wanted.size() == 1 && (text == "1" || text == "true")) return true;
    if (wanted.size() == 1 && (text == "0" || text == "false")) return false;
    return fail(ErrorKind::invalid_argument, "invalid filter '", key, "=", wanted.front(), "'");
}

Result<std::optional<Time>> Filters::until(Time reference) const {
    const auto& wanted = values("until");
    if (wanted.empty()) return std::optional<Time>();
    if (wanted.size() > 1) return fail(ErrorKind::invalid_argument, "more than one until filter specified");
    auto time = parse_time(wanted.front(), reference);
    if (!time)
        return fail(ErrorKind::invalid_argument, "invalid filter 'until=", wanted.front(),
                    "': neither a time nor a duration");
    return time;
}

Result<bool> Filters::matches_any(std::string_view key, std::initializer_list<std::string_view> names) const {
    const auto& wanted = values(key);
    if (wanted.empty()) return true;
    for (const std::string& expression : wanted)
        for (std::string_view name : names)
            if (TRY(matches_expression(expression, name))) return true;
    return false;
}

Result<bool> matches_expression(std::string_view expression, std::string_view text) {
    // Plain words, by far the most, need no machine.
    std::string_view word = expression;
    bool at_start = word.starts_with('^');
    if (at_start) word.remove_prefix(1);
    bool at_end = word.ends_with('$');
    if (at_end) word.remove_suffix(1);
    if (word.find_first_of("\\^$.|?*+()[]{}") == std::string_view::npos) {
        if (at_start && at_end) return text == word;
        if (at_start) return text.starts_with(word);
        return at_end ? text.ends_with(word) : text.contains(word);
    }
    if (expression.size() > kMostExpressionBytes)
        return fail(ErrorKind::invalid_argument, "filter expression is longer than ", kMostExpressionBytes,
                    " bytes");
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kMostExpressionMemory);
    const re2::RE2 machine(re2::StringPiece(expression.data(), expression.size()), options);
    // What is no expression is taken by its letters, as dockerd does.
    if (!machine.ok()) return text == expression;
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), machine);
}

}  // namespace tare::docker
