#pragma once

// What is bound to a statement: NULL, a 64-bit integer or a text.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/digest.h"
#include "base/time.h"

namespace tare::store {

/// A value on its way into a statement. Borrows texts: use it within the expression that made it.
class Value {
  public:
    Value(std::nullopt_t) {}
    template <std::integral Integer>
    Value(Integer value) : value_(static_cast<std::int64_t>(value)) {}
    Value(std::string_view value) : value_(value) {}
    Value(const std::string& value) : value_(std::string_view(value)) {}
    Value(const char* value) : value_(std::string_view(value)) {}
    /// An empty digest is NULL.
    Value(const Digest& value) {
        if (!value.empty()) value_ = std::string_view(value.text());
    }
    Value(Time value) : value_(value.time_since_epoch().count()) {}
    template <class T>
    Value(const std::optional<T>& value) {
        if (value) value_ = Value(*value).value_;
    }

    const auto& variant() const { return value_; }

  private:
    std::variant<std::monostate, std::int64_t, std::string_view> value_;
};

}  // namespace tare::store
