#pragma once

// The one JSON layer. `Json` is the document, `JsonView` reads it into checked structs with the
// field's path in every error, `dump` writes it.
//
//     Json document = TRY(parse_json(text, {.what = "config.json"}));
//     JsonView view(document, "config.json");
//     spec.version  = TRY(view.string("ociVersion"));                  // required
//     spec.hostname = TRY(view.string_or("hostname", ""));             // absent or null: default
//     TRY(view.each("mounts", [&](const JsonView& mount) -> Result<> { … }));
//
// A wrong type is `config.json: mounts[3].options[0]: expected a string`.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tare {

/// A JSON value. Objects keep the order of their members; integers are exact 64-bit.
class Json {
  public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    template <class Integer>
        requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
    Json(Integer value) {
        if constexpr (std::is_unsigned_v<Integer> && sizeof(Integer) == 8) {
            if (value > static_cast<std::uint64_t>(INT64_MAX)) {
                value_ = static_cast<std::uint64_t>(value);
                return;
            }
        }
        value_ = static_cast<std::int64_t>(value);
    }
    Json(double value) : value_(value) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}
    /// An array of anything that converts to Json.
    template <class T>
        requires(std::is_constructible_v<Json, const T&> && !std::is_same_v<T, Json> &&
                 !std::is_same_v<T, Member>)
    Json(const std::vector<T>& values) : value_(Array(values.begin(), values.end())) {}

    static Json object() { return Json(Object{}); }
    static Json array() { return Json(Array{}); }

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    bool is_bool() const { return std::holds_alternative<bool>(value_); }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }
    bool is_array() const { return std::holds_alternative<Array>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }
    bool is_number() const;

    /// The value if it has that type, else nullptr.
    const bool* as_bool() const { return std::get_if<bool>(&value_); }
    const std::string* as_string() const { return std::get_if<std::string>(&value_); }
    const Array* as_array() const { return std::get_if<Array>(&value_); }
    Array* as_array() { return std::get_if<Array>(&value_); }
    const Object* as_object() const { return std::get_if<Object>(&value_); }
    Object* as_object() { return std::get_if<Object>(&value_); }
    /// The number as int64/uint64 if it is an integer that fits; as_double takes every number.
    std::optional<std::int64_t> as_int64() const;
    std::optional<std::uint64_t> as_uint64() const;
    std::optional<double> as_double() const;

    /// The member of that name, nullptr if this is no object or has none.
    const Json* find(std::string_view key) const;
    Json* find(std::string_view key);
    /// Sets a member (replacing it in place); a null value becomes an object first. Returns *this,
    /// so that documents can be built in one expression.
    Json& set(std::string_view key, Json value);
    /// Removes a member if it is there.
    void erase(std::string_view key);
    /// Appends to an array; a null value becomes an array first.
    Json& push(Json value);

    bool operator==(const Json&) const = default;

  private:
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>
        value_;
};

/// Limits of a document from outside (security section 13).
struct JsonLimits {
    std::string_view what = "JSON";  ///< names the document in errors
    std::size_t size_bytes = std::size_t{8} << 20;
    std::size_t depth = 64;
    std::size_t members = 100'000;  ///< of one object
};

/// Parses one document. invalid_argument with the byte offset on malformed input, trailing data,
/// duplicate keys or invalid UTF-8; resource_exhausted beyond a limit.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The document as text; `indent` spaces a level, 0 for one line. `<`, `>` and `&` are written as
/// they are.
std::string dump(const Json& document, int indent = 0);

/// A value with its path, read with checks. Borrows the document, which must outlive it.
class JsonView {
  public:
    JsonView(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}

    const Json& json() const { return *value_; }
    const std::string& path() const { return path_; }
    /// invalid_argument "path: message".
    Error error(std::string_view message) const;

    /// True if there is a member of that name that is not null.
    bool has(std::string_view key) const;
    /// The member as a view; absent or null gives nothing. Any type.
    std::optional<JsonView> member(std::string_view key) const;
    /// The member as an object view; an error if it is there with another type.
    Result<std::optional<JsonView>> object(std::string_view key) const;

    Result<std::string> string(std::string_view key) const;
    Result<std::string> string_or(std::string_view key, std::string_view otherwise) const;
    Result<bool> boolean_or(std::string_view key, bool otherwise) const;
    Result<std::optional<bool>> optional_boolean(std::string_view key) const;
    /// A member that is an integer within the range of Integer; absent or null is the default.
    template <class Integer>
    Result<Integer> integer_or(std::string_view key, Integer otherwise) const;
    template <class Integer>
    Result<std::optional<Integer>> optional_integer(std::string_view key) const;
    Result<std::optional<double>> optional_double(std::string_view key) const;
    /// An array of strings; absent or null is empty.
    Result<std::vector<std::string>> strings(std::string_view key) const;
    /// An object whose values are strings, in the document's order; absent or null is empty.
    Result<std::vector<std::pair<std::string, std::string>>> string_map(std::string_view key) const;
    /// Calls back for each element of the array, absent or null for none; stops at a failure.
    Result<> each(std::string_view key, const std::function<Result<>(const JsonView&)>& callback) const;
    /// The same for each member of the object.
    Result<> each_member(std::string_view key,
                         const std::function<Result<>(const std::string&, const JsonView&)>& callback) const;

    // The value itself.
    Result<std::string> as_string() const;
    template <class Integer>
    Result<Integer> as_integer() const;
    Result<std::vector<std::string>> as_strings() const;
    Result<> expect_object() const;

  private:
    std::string path_of(std::string_view key) const;

    const Json* value_;
    std::string path_;
};

template <class Integer>
Result<Integer> JsonView::as_integer() const {
    if constexpr (std::is_unsigned_v<Integer>) {
        auto number = value_->as_uint64();
        if (number && *number <= std::numeric_limits<Integer>::max()) return static_cast<Integer>(*number);
    } else {
        auto number = value_->as_int64();
        if (number && *number >= std::numeric_limits<Integer>::min() &&
            *number <= std::numeric_limits<Integer>::max())
            return static_cast<Integer>(*number);
    }
    return error(value_->is_number() ? "number out of range" : "expected an integer");
}

template <class Integer>
Result<std::optional<Integer>> JsonView::optional_integer(std::string_view key) const {
    auto view = member(key);
    if (!view) return std::optional<Integer>();
    return std::optional<Integer>(TRY(view->as_integer<Integer>()));
}

template <class Integer>
Result<Integer> JsonView::integer_or(std::string_view key, Integer otherwise) const {
    auto value = TRY(optional_integer<Integer>(key));
    return value.value_or(otherwise);
}

}  // namespace tare
