#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace tare {

namespace {

/// Builds a Json out of rapidjson's events and holds the limits. rapidjson parses iteratively, so
/// depth costs heap (bounded by `limits.depth`), never C stack.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
  public:
    explicit Builder(const JsonLimits& limits) : limits_(limits) {}

    bool Null() { return add(Json()); }
    bool Bool(bool value) { return add(Json(value)); }
    // rapidjson's own conversion of full precision reads 184467440737095516156 as 16, and 1e309 as infinity
    // where it is written with more digits.
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        std::string_view digits(text, length);
        if (auto number = parse_number<std::int64_t>(digits)) return add(Json(*number));
        if (auto number = parse_number<std::uint64_t>(digits)) return add(Json(*number));
        if (auto number = parse_number<double>(digits)) return add(Json(*number));
        return reject("a number out of range");
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        if (has_surrogate({text, length})) return reject("half of a surrogate pair in a string");
        return add(Json(std::string(text, length)));
    }
    bool StartObject() { return open(Json::object()); }
    bool StartArray() { return open(Json::array()); }
    bool EndArray(rapidjson::SizeType) { return shut(); }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (has_surrogate({text, length})) return reject("half of a surrogate pair in a key");
        keys_.back().assign(text, length);
        return true;
    }
    bool EndObject(rapidjson::SizeType) {
        Json::Object& members = *stack_.back().as_object();
        if (members.size() > limits_.members) return reject("more members in an object than allowed");
        if (const std::string* twice = duplicate_key(members))
            return reject(cat("duplicate key ", quote(*twice)));
        return shut();
    }

    Json take() { return std::move(root_); }
    const std::string& reason() const { return reason_; }

  private:
    template <class Number>
    static std::optional<Number> parse_number(std::string_view text) {
        Number value{};
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        return value;
    }
    // rapidjson passes "\udc00" without its first half on, encoded as what no reader of UTF-8 takes.
    static bool has_surrogate(std::string_view text) {
        for (std::size_t at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
            if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
        return false;
    }
    static const std::string* duplicate_key(const Json::Object& members) {
        if (members.size() < 16) {
            for (std::size_t i = 1; i < members.size(); ++i)
                for (std::size_t k = 0; k < i; ++k)
                    if (members[i].first == members[k].first) return &members[i].first;
            return nullptr;
        }
        std::unordered_set<std::string_view> seen;
        for (auto& member : members)
            if (!seen.insert(member.first).second) return &member.first;
        return nullptr;
    }

    bool reject(std::string reason) {
        reason_ = std::move(reason);
        return false;
    }
    bool open(Json container) {
        if (stack_.size() >= limits_.depth)
            return reject(cat("nested deeper than ", limits_.depth, " levels"));
        stack_.push_back(std::move(container));
        keys_.emplace_back();
        return true;
    }
    bool shut() {
        Json done = std::move(stack_.back());
        stack_.pop_back();
        keys_.pop_back();
        return add(std::move(done));
    }
    bool add(Json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
        } else if (auto* members = stack_.back().as_object()) {
            members->emplace_back(std::move(keys_.back()), std::move(value));
        } else {
            stack_.back().as_array()->push_back(std::move(value));
        }
        return true;
    }

    const JsonLimits& limits_;
    Json root_;
    std::vector<Json> stack_;
    std::vector<std::string> keys_;
    std::string reason_;
};

void write_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) continue;
        out.append(text.substr(plain, i - plain));
        plain = i + 1;
        switch (c) {
            case '"':
                out.append("\\\"");
                break;
            case '\\':
                out.append("\\\\");
                break;
            case '\n':
                out.append("\\n");
                break;
            case '\r':
                out.append("\\r");
                break;
            case '\t':
                out.append("\\t");
                break;
            default: {
                constexpr std::string_view digits = "0123456789abcdef";
                out.append("\\u00");
                out.push_back(digits[c >> 4]);
                out.push_back(digits[c & 15]);
            }
        }
    }
    out.append(text.substr(plain)).push_back('"');
}

void write(std::string& out, const Json& value, int indent, int level) {
    auto newline = [&](int to_level) {
        if (indent > 0)
            out.append("\n").append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(to_level),
                                    ' ');
    };
    if (value.is_null()) {
        out.append("null");
    } else if (auto* boolean = value.as_bool()) {
        out.append(*boolean ? "true" : "false");
    } else if (auto* text = value.as_string()) {
        write_string(out, *text);
    } else if (auto* elements = value.as_array()) {
        out.push_back('[');
        for (std::size_t i = 0; i < elements->size(); ++i) {
            if (i > 0) out.push_back(',');
            newline(level + 1);
            write(out, (*elements)[i], indent, level + 1);
        }
        if (!elements->empty()) newline(level);
        out.push_back(']');
    } else if (auto* members = value.as_object()) {
        out.push_back('{');
        for (std::size_t i = 0; i < members->size(); ++i) {
            if (i > 0) out.push_back(',');
            newline(level + 1);
            write_string(out, (*members)[i].first);
            out.append(indent > 0 ? ": " : ":");
            write(out, (*members)[i].second, indent, level + 1);
        }
        if (!members->empty()) newline(level);
        out.push_back('}');
    } else if (auto integer = value.as_int64()) {
        text_detail::append(out, *integer);
    } else if (auto natural = value.as_uint64()) {
        text_detail::append(out, *natural);
    } else {
        text_detail::append(out, *value.as_double());
    }
}

}  // namespace

bool Json::is_number() const {
    return std::holds_alternative<std::int64_t>(value_) || std::holds_alternative<std::uint64_t>(value_) ||
           std::holds_alternative<double>(value_);
}

std::optional<std::int64_t> Json::as_int64() const {
    if (auto* value = std::get_if<std::int64_t>(&value_)) return *value;
    // Printers of floating point write whole numbers as 1e9 or 1.0; they are exact below 2^53.
    if (auto* value = std::get_if<double>(&value_))
        if (*value == std::floor(*value) && std::fabs(*value) < 9e15)
            return static_cast<std::int64_t>(*value);
    return std::nullopt;
}

std::optional<std::uint64_t> Json::as_uint64() const {
    if (auto* value = std::get_if<std::uint64_t>(&value_)) return *value;
    auto value = as_int64();
    if (!value || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

std::optional<double> Json::as_double() const {
    if (auto* value = std::get_if<double>(&value_)) return *value;
    if (auto* value = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*value);
    if (auto* value = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*value);
    return std::nullopt;
}

const Json* Json::find(std::string_view key) const {
    if (auto* members = as_object())
        for (auto& member : *members)
            if (member.first == key) return &member.second;
    return nullptr;
}

Json* Json::find(std::string_view key) {
    return const_cast<Json*>(std::as_const(*this).find(key));
}

Json& Json::set(std::string_view key, Json value) {
    if (is_null()) value_ = Object{};
    if (Json* present = find(key)) {
        *present = std::move(value);
    } else if (auto* members = as_object()) {
        members->emplace_back(std::string(key), std::move(value));
    }
    return *this;
}

void Json::erase(std::string_view key) {
    if (auto* members = as_object()) std::erase_if(*members, [&](const Member& m) { return m.first == key; });
}

Json& Json::push(Json value) {
    if (is_null()) value_ = Array{};
    if (auto* elements = as_array()) elements->push_back(std::move(value));
    return *this;
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.size_bytes)
        return fail(ErrorKind::resource_exhausted, limits.what, " is larger than ", limits.size_bytes,
                    " bytes");
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream memory(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
    rapidjson::Reader reader;
    Builder builder(limits);
    auto outcome = reader.Parse<flags>(stream, builder);
    if (outcome.IsError()) {
        std::string reason = builder.reason();
        if (reason.empty()) reason = rapidjson::GetParseError_En(outcome.Code());
        while (reason.ends_with('.'))
            reason.pop_back();
        return fail(ErrorKind::invalid_argument, limits.what, " is not valid JSON: ", reason, " (at byte ",
                    outcome.Offset(), ")");
    }
    return builder.take();
}

std::string dump(const Json& document, int indent) {
    std::string out;
    write(out, document, indent, 0);
    return out;
}

Error JsonView::error(std::string_view message) const {
    return fail(ErrorKind::invalid_argument, path_, ": ", message);
}

std::string JsonView::path_of(std::string_view key) const {
    // The document's own name ends in ": ", so that a path reads "config.json: process.args[0]".
    return path_.find(": ") == std::string::npos ? cat(path_, ": ", key) : cat(path_, ".", key);
}

bool JsonView::has(std::string_view key) const {
    const Json* value = value_->find(key);
    return value && !value->is_null();
}

std::optional<JsonView> JsonView::member(std::string_view key) const {
    const Json* value = value_->find(key);
    if (!value || value->is_null()) return std::nullopt;
    return JsonView(*value, path_of(key));
}

Result<> JsonView::expect_object() const {
    if (!value_->is_object()) return error("expected an object");
    return {};
}

Result<std::optional<JsonView>> JsonView::object(std::string_view key) const {
    auto view = member(key);
    if (view) TRY(view->expect_object());
    return view;
}

Result<std::string> JsonView::as_string() const {
    if (auto* text = value_->as_string()) return *text;
    return error("expected a string");
}

Result<std::string> JsonView::string(std::string_view key) const {
    auto view = member(key);
    if (!view) return error(cat("missing ", key));
    return view->as_string();
}

Result<std::string> JsonView::string_or(std::string_view key, std::string_view otherwise) const {
    auto view = member(key);
    if (!view) return std::string(otherwise);
    return view->as_string();
}

Result<std::optional<bool>> JsonView::optional_boolean(std::string_view key) const {
    auto view = member(key);
    if (!view) return std::optional<bool>();
    if (auto* value = view->value_->as_bool()) return std::optional<bool>(*value);
    return view->error("expected true or false");
}

Result<bool> JsonView::boolean_or(std::string_view key, bool otherwise) const {
    return TRY(optional_boolean(key))
    .value_or(otherwise);
}

Result<std::optional<double>> JsonView::optional_double(std::string_view key) const {
    auto view = member(key);
    if (!view) return std::optional<double>();
    if (auto value = view->value_->as_double()) return value;
    return view->error("expected a number");
}

Result<std::vector<std::string>> JsonView::as_strings() const {
    auto* elements = value_->as_array();
    if (!elements) return error("expected an array of strings");
    std::vector<std::string> out;
    out.reserve(elements->size());
    for (std::size_t i = 0; i < elements->size(); ++i) {
        auto* text = (*elements)[i].as_string();
        if (!text) return fail(ErrorKind::invalid_argument, path_, "[", i, "]: expected a string");
        out.push_back(*text);
    }
    return out;
}

Result<std::vector<std::string>> JsonView::strings(std::string_view key) const {
    auto view = member(key);
    if (!view) return std::vector<std::string>();
    return view->as_strings();
}

Result<std::vector<std::pair<std::string, std::string>>> JsonView::string_map(std::string_view key) const {
    std::vector<std::pair<std::string, std::string>> out;
    TRY(each_member(key, [&](const std::string& name, const JsonView& view) -> Result<> {
        out.emplace_back(name, TRY(view.as_string()));
        return {};
    }));
    return out;
}

Result<> JsonView::each(std::string_view key,
                        const std::function<Result<>(const JsonView&)>& callback) const {
    auto view = member(key);
    if (!view) return {};
    auto* elements = view->value_->as_array();
    if (!elements) return view->error("expected an array");
    for (std::size_t i = 0; i < elements->size(); ++i)
        TRY(callback(JsonView((*elements)[i], cat(view->path_, "[", i, "]"))));
    return {};
}

Result<> JsonView::each_member(
    std::string_view key,
    const std::function<Result<>(const std::string&, const JsonView&)>& callback) const {
    auto view = member(key);
    if (!view) return {};
    auto* members = view->value_->as_object();
    if (!members) return view->error("expected an object");
    for (auto& [name, value] : *members)
        TRY(callback(name, JsonView(value, view->path_of(name))));
    return {};
}

}  // namespace tare
