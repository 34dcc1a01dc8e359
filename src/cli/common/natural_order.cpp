#include "cli/common/natural_order.h"

#include <algorithm>

namespace tare::cli {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The run of digits at the front, without leading zeros.
std::string_view take_number(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length]))
        ++length;
    std::string_view digits = text.substr(0, length);
    text.remove_prefix(length);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

}  // namespace

bool natural_less(std::string_view left, std::string_view right) {
    while (!left.empty() && !right.empty()) {
        if (is_digit(left[0]) && is_digit(right[0])) {
            std::string_view a = take_number(left);
            std::string_view b = take_number(right);
            if (a.size() != b.size()) return a.size() < b.size();
            if (a != b) return a < b;
            continue;
        }
        if (left[0] != right[0]) return left[0] < right[0];
        left.remove_prefix(1);
        right.remove_prefix(1);
    }
    return left.size() < right.size();
}

}  // namespace tare::cli
