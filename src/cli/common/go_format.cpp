#include "cli/common/go_format.h"

#include <algorithm>
#include <cstdio>

namespace tare::cli {

namespace {

bool is_map(std::string_view field, ShapeOf shape_of) {
    if (shape_of == nullptr || field.empty()) return true;
    return shape_of(field) == Shape::map;
}

std::string print_null(std::string_view field, ShapeOf shape_of) {
    switch (shape_of == nullptr ? Shape::unknown : shape_of(field)) {
        case Shape::text:
            return "";
        case Shape::number:
            return "0";
        case Shape::boolean:
            return "false";
        case Shape::list:
            return "[]";
        case Shape::map:
            return "map[]";
        default:
            return "<nil>";
    }
}

// strconv.FormatFloat(value, 'g' with %e from exponent 21 on, shortest).
std::string print_double(double value) {
    char buffer[64];
    double magnitude = value < 0 ? -value : value;
    bool as_exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e21);
    auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value,
                                      as_exponent ? std::chars_format::scientific : std::chars_format::fixed);
    return error == std::errc() ? std::string(buffer, end) : std::string();
}

std::string print_object(const Json::Object& object, std::string_view field, ShapeOf shape_of) {
    // Two types of the API have a "Config": a log driver's is a map of texts.
    const bool holds_texts =
        std::ranges::all_of(object, [](const Json::Member& member) { return member.second.is_string(); });
    const bool map = is_map(field, shape_of) || (field == "Config" && holds_texts);
    std::vector<const Json::Member*> members;
    for (const Json::Member& member : object)
        members.push_back(&member);
    if (map) std::ranges::sort(members, {}, [](const Json::Member* member) { return member->first; });
    std::string out = map ? "map[" : "{";
    for (const Json::Member* member : members) {
        if (member != members.front()) out += ' ';
        if (map) out += cat(member->first, ':');
        // Without shapes every object below is a map; below a typed map stand the elements.
        out += go_print(member->second, shape_of == nullptr ? std::string_view() : member->first, shape_of);
    }
    return out + (map ? ']' : '}');
}

std::string print_array(const Json::Array& array, std::string_view field, ShapeOf shape_of) {
    std::string out = "[";
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (i > 0) out += ' ';
        // An element of a list never is what its list's name says of the list.
        out += go_print(array[i], shape_of != nullptr && !field.empty() ? "[]" : "", shape_of);
    }
    return out + ']';
}

}  // namespace

std::string go_print(const Json& json, std::string_view field, ShapeOf shape_of) {
    if (json.is_null()) return print_null(field, shape_of);
    if (auto* boolean = json.as_bool()) return *boolean ? "true" : "false";
    if (auto* text = json.as_string()) return *text;
    if (auto* array = json.as_array()) return print_array(*array, field, shape_of);
    if (auto* object = json.as_object()) return print_object(*object, field, shape_of);
    if (auto integer = json.as_int64()) return cat(*integer);
    if (auto integer = json.as_uint64()) return cat(*integer);
    return print_double(json.as_double().value_or(0));
}

namespace {

std::string print_value(const Value& value, ShapeOf shape_of) {
    return value.is_valid ? go_print(value.json, value.field, shape_of) : "<no value>";
}

}  // namespace

std::string go_sprint(std::span<const Value> values, ShapeOf shape_of) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0 && !values[i].json.is_string() && !values[i - 1].json.is_string()) out += ' ';
        out += print_value(values[i], shape_of);
    }
    return out;
}

std::string go_sprintln(std::span<const Value> values, ShapeOf shape_of) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ' ';
        out += print_value(values[i], shape_of);
    }
    return out + '\n';
}

std::string go_quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        static constexpr std::string_view kNamed = "\a\b\f\n\r\t\v";
        static constexpr std::string_view kLetters = "abfnrtv";
        if (c == '"' || c == '\\') {
            out += cat('\\', c);
        } else if (auto at = kNamed.find(c); at != std::string_view::npos && c != 0) {
            out += cat('\\', kLetters[at]);
        } else if (byte < 0x20 || byte == 0x7F) {
            char buffer[8];
            std::snprintf(buffer, sizeof buffer, "\\x%02x", byte);
            out += buffer;
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string_view go_type(const Json& json) {
    if (json.is_null()) return "<nil>";
    if (json.is_bool()) return "bool";
    if (json.is_string()) return "string";
    if (json.is_array()) return "[]interface {}";
    if (json.is_object()) return "map[string]interface {}";
    return json.as_int64() || json.as_uint64() ? "int" : "float64";
}

}  // namespace tare::cli
