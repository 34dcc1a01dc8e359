#pragma once

// How Go's fmt package prints values, over JSON documents: templates show it.

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tare::cli {

/// What the documented API type of a field is, where JSON can't tell: an object may be a map or a
/// struct, and null or an absent member stands for the type's zero value.
enum class Shape { unknown, text, number, boolean, list, map, structure, pointer };

/// The shape of the field of that name; nullptr stands for "all unknown".
using ShapeOf = Shape (*)(std::string_view field);

/// A value on its way through a template.
struct Value {
    Json json;
    std::string field;     ///< the member's name it was read from; asks for its shape
    bool is_valid = true;  ///< false: nothing at all (Go prints "<no value>")
};

/// Go's %v: strings as they are, `[a b]`, `map[k:v]` with sorted keys, `{a b}` for structs, `<nil>`.
std::string go_print(const Json& json, std::string_view field = {}, ShapeOf shape_of = nullptr);
/// fmt.Sprint: a blank between neighbours that are both no strings.
std::string go_sprint(std::span<const Value> values, ShapeOf shape_of);
/// fmt.Sprintln: blanks between all, a newline at the end.
std::string go_sprintln(std::span<const Value> values, ShapeOf shape_of);
/// fmt.Sprintf with Go's verbs (v d s q x X o b c U t e f g T), flags, width and precision; mistakes
/// show in the output as Go shows them ("%!d(string=x)").
std::string go_sprintf(std::string_view format, std::span<const Value> values, ShapeOf shape_of);
/// strconv.Quote.
std::string go_quote(std::string_view text);
/// The name of the Go type that the value would have ("string", "int", "map[string]interface {}").
std::string_view go_type(const Json& json);

}  // namespace tare::cli
