#pragma once

// The `filters` parameter of lists and prunes: {"label": ["a=b", "c"]}, in older clients {"label":
// {"a=b": true}}.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tare::docker {

class Filters {
  public:
    /// "" is none. invalid_argument "invalid filter" as dockerd if it is no such document.
    static Result<Filters> parse(std::string_view text);

    /// invalid_argument "invalid filter 'x'" if there is a key that is not among these.
    Result<> allow_only(std::initializer_list<std::string_view> keys) const;

    bool has(std::string_view key) const { return !values(key).empty(); }
    const std::vector<std::string>& values(std::string_view key) const;
    /// True if nothing is asked for under the key, or one of its values is this.
    bool accepts(std::string_view key, std::string_view value) const;
    /// True or false if it is asked for ("1", "true", "0", "false"), else the default.
    Result<bool> flag(std::string_view key, bool otherwise) const;

    /// Every `label` that is asked for is there ("key" or "key=value"), and none of `label!`.
    template <class Map>
    bool accepts_labels(const Map& labels) const {
        for (const std::string& wanted : values("label"))
            if (!has_label(labels, wanted)) return false;
        for (const std::string& unwanted : values("label!"))
            if (has_label(labels, unwanted)) return false;
        return true;
    }

    /// `until` of prunes: a Unix time, a date, or a Go duration before `reference`. Nothing if it is not
    /// asked for.
    Result<std::optional<Time>> until(Time reference) const;

    /// What stands under `key` as regular expressions or parts of names: one of the values is found in one
    /// of the names. invalid_argument for a bad expression.
    Result<bool> matches_any(std::string_view key, std::initializer_list<std::string_view> names) const;

  private:
    template <class Map>
    static bool has_label(const Map& labels, std::string_view wanted) {
        auto [key, value] = cut(wanted, '=');
        for (const auto& [label, held] : labels)
            if (label == key && (!value || held == *value)) return true;
        return false;
    }

    std::vector<std::pair<std::string, std::vector<std::string>>> entries_;
};

/// "text" contains a match of the expression (RE2-like syntax; ^ and $ anchor). Expressions are bounded.
Result<bool> matches_expression(std::string_view expression, std::string_view text);

}  // namespace tare::docker
