#include "cli/common/template_function.h"

#include <algorithm>
#include <array>

#include "cli/common/template_node.h"

namespace tare::cli::template_detail {

namespace {

using Arguments = std::span<const Value>;

Error bad(std::string message) {
    return Error(ErrorKind::invalid_argument, std::move(message));
}

Value make(Json json) {
    return {std::move(json), {}, true};
}

Result<std::string> text_of(const Value& value) {
    if (auto* text = value.json.as_string()) return *text;
    return bad(cat("wrong type for value; expected string; got ", go_type(value.json)));
}

Result<std::int64_t> integer_of(const Value& value) {
    if (auto integer = value.json.as_int64()) return *integer;
    return bad(cat("wrong type for value; expected int; got ", go_type(value.json)));
}

Shape shape_of_value(const Value& value, const TemplateScope& scope) {
    return scope.shape_of == nullptr || value.field.empty() ? Shape::unknown : scope.shape_of(value.field);
}

Result<Value> length(Arguments arguments, const TemplateScope& scope) {
    const Json& json = arguments[0].json;
    if (auto* text = json.as_string()) return make(text->size());
    if (auto* array = json.as_array()) return make(array->size());
    if (auto* object = json.as_object()) return make(object->size());
    Shape shape = shape_of_value(arguments[0], scope);
    if (json.is_null() && (shape == Shape::list || shape == Shape::map)) return make(0);
    return bad(
        cat("error calling len: len of ", json.is_null() ? "nil pointer" : cat("type ", go_type(json))));
}

// What a map without that key yields: the zero value of its elements.
Value missing_element(const Value& container, const TemplateScope& scope) {
    auto* object = container.json.as_object();
    bool holds_text =
        object != nullptr && !object->empty() &&
        std::ranges::all_of(*object, [](const Json::Member& member) { return member.second.is_string(); });
    if (holds_text) return make("");
    if (container.field == "Ports" || container.field == "PortBindings") return make(Json::array());
    if (shape_of_value(container, scope) == Shape::map && (object == nullptr || object->empty()) &&
        container.field != "Networks")
        return make("");
    return {Json(), {}, false};
}

Result<Value> index_once(const Value& container, const Value& key, const TemplateScope& scope) {
    if (auto* array = container.json.as_array()) {
        auto at = key.json.as_int64();
        if (!at)
            return bad(cat("error calling index: cannot index slice/array with type ", go_type(key.json)));
        if (*at < 0 || static_cast<std::size_t>(*at) >= array->size())
            return bad(cat("error calling index: index out of range: ", *at));
        return make((*array)[static_cast<std::size_t>(*at)]);
    }
    if (auto* text = container.json.as_string()) {
        auto at = key.json.as_int64();
        if (!at || *at < 0 || static_cast<std::size_t>(*at) >= text->size())
            return bad(cat("error calling index: index out of range: ", go_print(key.json)));
        return make(static_cast<unsigned char>((*text)[static_cast<std::size_t>(*at)]));
    }
    if (container.json.is_object()) {
        auto* name = key.json.as_string();
        if (name == nullptr)
            return bad(cat("error calling index: value has type ", go_type(key.json), "; should be string"));
        if (const Json* found = container.json.find(*name)) return Value{*found, *name, true};
        return missing_element(container, scope);
    }
    Shape shape = shape_of_value(container, scope);
    if (container.json.is_null() && shape == Shape::map) return missing_element(container, scope);
    if (container.json.is_null() && shape == Shape::list)
        return bad(cat("error calling index: index out of range: ", go_print(key.json)));
    if (container.json.is_null()) return bad("error calling index: index of untyped nil");
    return bad(cat("error calling index: can't index item of type ", go_type(container.json)));
}

Result<Value> index(Arguments arguments, const TemplateScope& scope) {
    Value item = arguments[0];
    for (const Value& key : arguments.subspan(1))
        item = TRY(index_once(item, key, scope));
    return item;
}

Result<Value> slice(Arguments arguments, const TemplateScope&) {
    const Json& json = arguments[0].json;
    if (!json.is_string() && !json.is_array())
        return bad(cat("error calling slice: can't slice item of type ", go_type(json)));
    const auto size =
        static_cast<std::int64_t>(json.is_string() ? json.as_string()->size() : json.as_array()->size());
    std::int64_t from = arguments.size() > 1 ? TRY(integer_of(arguments[1])) : 0;
    std::int64_t to = arguments.size() > 2   ? TRY(integer_of(arguments[2])) : size;
    for (std::int64_t at : {from, to})
        if (at < 0 || at > size) return bad(cat("error calling slice: index out of range: ", at));
    if (from > to) return bad(cat("error calling slice: invalid slice index: ", from, " > ", to));
    if (auto* text = json.as_string())
        return make(text->substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
    const Json::Array& array = *json.as_array();
    return make(Json::Array(array.begin() + from, array.begin() + to));
}

enum class BasicKind { nothing, boolean, integer, number, text, composite };

BasicKind basic_kind(const Json& json) {
    if (json.is_null()) return BasicKind::nothing;
    if (json.is_bool()) return BasicKind::boolean;
    if (json.is_string()) return BasicKind::text;
    if (json.is_number()) return json.as_int64() || json.as_uint64() ? BasicKind::integer : BasicKind::number;
    return BasicKind::composite;
}

Result<bool> is_equal(const Value& left, const Value& right) {
    BasicKind kinds[] = {basic_kind(left.json), basic_kind(right.json)};
    if (kinds[0] == BasicKind::nothing || kinds[1] == BasicKind::nothing) return kinds[0] == kinds[1];
    if (kinds[0] == BasicKind::composite || kinds[1] == BasicKind::composite)
        return bad("error calling eq: non-comparable type");
    if (kinds[0] != kinds[1]) return bad("error calling eq: incompatible types for comparison");
    return left.json == right.json;
}

Result<bool> is_less(const Value& left, const Value& right, std::string_view name) {
    BasicKind kind = basic_kind(left.json);
    if (kind != basic_kind(right.json))
        return bad(cat("error calling ", name, ": incompatible types for comparison"));
    switch (kind) {
        case BasicKind::integer:
            if (left.json.as_int64() && right.json.as_int64())
                return *left.json.as_int64() < *right.json.as_int64();
            return left.json.as_double().value_or(0) < right.json.as_double().value_or(0);
        case BasicKind::number:
            return left.json.as_double().value_or(0) < right.json.as_double().value_or(0);
        case BasicKind::text:
            return *left.json.as_string() < *right.json.as_string();
        default:
            return bad(cat("error calling ", name, ": invalid type for comparison"));
    }
}

Result<Value> compare(std::string_view name, Arguments arguments) {
    if (name == "eq") {
        for (const Value& other : arguments.subspan(1))
            if (TRY(is_equal(arguments[0], other))) return make(true);
        return make(false);
    }
    if (name == "ne") return make(!TRY(is_equal(arguments[0], arguments[1])));
    if (name == "lt") return make(TRY(is_less(arguments[0], arguments[1], name)));
    if (name == "ge") return make(!TRY(is_less(arguments[0], arguments[1], name)));
    bool greater = TRY(is_less(arguments[1], arguments[0], name));
    return make(name == "gt" ? greater : !greater);
}

std::string escape_with(std::string_view text, std::span<const std::pair<char, std::string_view>> table) {
    std::string out;
    for (char c : text) {
        auto found = std::ranges::find(table, c, &std::pair<char, std::string_view>::first);
        if (found == table.end()) {
            out += c;
        } else {
            out += found->second;
        }
    }
    return out;
}

std::string escape_html(std::string_view text) {
    static constexpr std::pair<char, std::string_view> kTable[] = {
        {'"', "&#34;"}, {'\'', "&#39;"}, {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}};
    return escape_with(text, kTable);
}

std::string escape_js(std::string_view text) {
    static constexpr std::pair<char, std::string_view> kTable[] = {
        {'\\', "\\\\"},   {'\'', "\\'"},    {'"', "\\\""},     {'<', "\\u003C"},  {'>', "\\u003E"},
        {'&', "\\u0026"}, {'=', "\\u003D"}, {'\n', "\\u000A"}, {'\r', "\\u000D"}, {'\t', "\\u0009"}};
    return escape_with(text, kTable);
}

std::string escape_query(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += cat('%', kDigits[byte >> 4], kDigits[byte & 15]);
        }
    }
    return out;
}

Result<Value> escaped(std::string_view name, Arguments arguments, const TemplateScope& scope) {
    std::string text = go_sprint(arguments, scope.shape_of);
    return make(name == "html" ? escape_html(text) : name == "js" ? escape_js(text) : escape_query(text));
}

std::string capitalize(std::string_view text) {
    std::string out(text);
    bool at_start = true;
    for (char& c : out) {
        if (at_start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '_' || c == '\'' || static_cast<unsigned char>(c) >= 0x80;
        at_start = !is_letter;
    }
    return out;
}

std::string upper(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

Result<Value> split_text(Arguments arguments) {
    std::string text = TRY(text_of(arguments[0]));
    std::string separator = TRY(text_of(arguments[1]));
    Json::Array out;
    if (separator.empty()) {
        for (char c : text)
            out.emplace_back(std::string(1, c));
        return make(std::move(out));
    }
    std::size_t from = 0;
    for (std::size_t at; (at = text.find(separator, from)) != std::string::npos; from = at + separator.size())
        out.emplace_back(text.substr(from, at - from));
    out.emplace_back(text.substr(from));
    return make(std::move(out));
}

Result<Value> join_list(Arguments arguments) {
    const Json& json = arguments[0].json;
    if (json.is_null()) return make("");
    auto* array = json.as_array();
    if (array == nullptr) return bad(cat("wrong type for value; expected []string; got ", go_type(json)));
    std::string separator = TRY(text_of(arguments[1]));
    std::string out;
    for (const Json& element : *array)
        out += cat(&element == array->data() ? "" : separator, go_print(element));
    return make(std::move(out));
}

// Blanks around the text, none around an empty one.
Result<Value> pad(Arguments arguments) {
    std::string text = TRY(text_of(arguments[0]));
    if (text.empty()) return make("");
    constexpr std::int64_t kMost = 4096;
    auto before = std::clamp<std::int64_t>(TRY(integer_of(arguments[1])), 0, kMost);
    auto after = std::clamp<std::int64_t>(TRY(integer_of(arguments[2])), 0, kMost);
    return make(cat(std::string(static_cast<std::size_t>(before), ' '), text,
                    std::string(static_cast<std::size_t>(after), ' ')));
}

Result<Value> truncate(Arguments arguments) {
    std::string text = TRY(text_of(arguments[0]));
    std::int64_t length = TRY(integer_of(arguments[1]));
    if (length >= 0 && static_cast<std::size_t>(length) < text.size())
        text.resize(static_cast<std::size_t>(length));
    return make(std::move(text));
}

// A row as a whole is written as Go's encoder does by default, with '<', '>' and '&' escaped; a single
// value is not.
std::string json_text(const Value& value, const TemplateScope& scope) {
    std::string text = dump(value.json);
    if (scope.type_name.empty() || !value.field.empty() || !value.json.is_object()) return text;
    return replace_all(replace_all(replace_all(text, "<", "\\u003c"), ">", "\\u003e"), "&", "\\u0026");
}

// Docker's own, for values; a table's header row hands the column's name through them.
Result<Value> docker_function(std::string_view name, Arguments arguments, const TemplateScope& scope) {
    if (scope.functions == TemplateScope::Functions::headers && name != "pad") return arguments[0];
    if (name == "json") return make(json_text(arguments[0], scope));
    if (name == "split") return split_text(arguments);
    if (name == "join") return join_list(arguments);
    if (name == "pad") return pad(arguments);
    if (name == "truncate") return truncate(arguments);
    std::string text = TRY(text_of(arguments[0]));
    return make(name == "title"   ? capitalize(text)
                : name == "lower" ? to_lower(text)
                                  : upper(std::move(text)));
}

Result<Value> print_function(std::string_view name, Arguments arguments, const TemplateScope& scope) {
    if (name == "print") return make(go_sprint(arguments, scope.shape_of));
    if (name == "println") return make(go_sprintln(arguments, scope.shape_of));
    std::string format = TRY(text_of(arguments[0]));
    return make(go_sprintf(format, arguments.subspan(1), scope.shape_of));
}

struct Function {
    std::string_view name;
    std::size_t least;
    std::size_t most;
};

constexpr std::size_t kAny = static_cast<std::size_t>(-1);
constexpr std::array kFunctions = {
    Function{"and", 1, kAny},   Function{"or", 1, kAny},     Function{"not", 1, 1},
    Function{"len", 1, 1},      Function{"index", 1, kAny},  Function{"slice", 1, 4},
    Function{"print", 0, kAny}, Function{"printf", 1, kAny}, Function{"println", 0, kAny},
    Function{"html", 0, kAny},  Function{"js", 0, kAny},     Function{"urlquery", 0, kAny},
    Function{"eq", 1, kAny},    Function{"ne", 2, 2},        Function{"lt", 2, 2},
    Function{"le", 2, 2},       Function{"gt", 2, 2},        Function{"ge", 2, 2},
    Function{"json", 1, 1},     Function{"split", 2, 2},     Function{"join", 2, 2},
    Function{"title", 1, 1},    Function{"lower", 1, 1},     Function{"upper", 1, 1},
    Function{"pad", 3, 3},      Function{"truncate", 2, 2},
};

}  // namespace

bool is_function(std::string_view name) {
    return std::ranges::find(kFunctions, name, &Function::name) != kFunctions.end();
}

bool is_true(const Value& value, ShapeOf shape_of) {
    const Json& json = value.json;
    if (!value.is_valid || json.is_null()) return false;
    if (auto* boolean = json.as_bool()) return *boolean;
    if (auto* text = json.as_string()) return !text->empty();
    if (auto* array = json.as_array()) return !array->empty();
    if (auto* object = json.as_object()) {
        bool is_struct = shape_of != nullptr && !value.field.empty() && shape_of(value.field) != Shape::map;
        return is_struct || !object->empty();
    }
    return json.as_double().value_or(0) != 0;
}

Result<Value> call_function(std::string_view name, Arguments arguments, const TemplateScope& scope) {
    const Function* function = std::ranges::find(kFunctions, name, &Function::name);
    if (function == kFunctions.end()) return bad(cat(quote(name), " is not a defined function"));
    if (arguments.size() < function->least || arguments.size() > function->most)
        return bad(cat("wrong number of args for ", name, ": want ",
                       function->most == kAny ? "at least " : "", function->least, " got ",
                       arguments.size()));
    if (name == "not") return make(!is_true(arguments[0], scope.shape_of));
    if (name == "len") return length(arguments, scope);
    if (name == "index") return index(arguments, scope);
    if (name == "slice") return slice(arguments, scope);
    if (name.starts_with("print")) return print_function(name, arguments, scope);
    if (name == "html" || name == "js" || name == "urlquery") return escaped(name, arguments, scope);
    if (name.size() == 2) return compare(name, arguments);
    return docker_function(name, arguments, scope);
}

}  // namespace tare::cli::template_detail
