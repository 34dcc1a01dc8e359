#include <cstdio>

#include "cli/common/go_format.h"

namespace tare::cli {

namespace {

// What stands between '%' and the verb.
struct Directive {
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    std::size_t width = 0;
    std::optional<std::size_t> precision;
    char verb = 0;
};

// No template needs wider fields; a format must not make the output explode.
constexpr std::size_t kMaxWidth = 4096;

std::size_t count_code_points(std::string_view text) {
    std::size_t count = 0;
    for (char c : text)
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
    return count;
}

std::string_view first_code_points(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    while (at < text.size()) {
        if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && count-- == 0) break;
        ++at;
    }
    return text.substr(0, at);
}

std::string padded(std::string text, const Directive& directive, bool is_number) {
    std::size_t length = count_code_points(text);
    if (length >= directive.width) return text;
    std::size_t missing = directive.width - length;
    if (directive.minus) return text.append(missing, ' ');
    if (directive.zero && is_number) {
        std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
        return text.insert(sign, missing, '0');
    }
    return text.insert(0, missing, ' ');
}

std::string bad_verb(const Directive& directive, const Value& value, ShapeOf shape_of) {
    if (!value.is_valid || value.json.is_null()) return cat("%!", directive.verb, "(<nil>)");
    return cat("%!", directive.verb, '(', go_type(value.json), '=',
               go_print(value.json, value.field, shape_of), ')');
}

std::string hex_of_text(std::string_view text, bool upper) {
    std::string out;
    for (char c : text) {
        char buffer[4];
        std::snprintf(buffer, sizeof buffer, upper ? "%02X" : "%02x", static_cast<unsigned char>(c));
        out += buffer;
    }
    return out;
}

void append_utf8(std::string& out, std::uint64_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18 & 7));
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

std::optional<std::string> integer_text(const Directive& directive, bool negative, std::uint64_t magnitude) {
    char buffer[72];
    int base = 10;
    std::string prefix;
    switch (directive.verb) {
        case 'd':
            break;
        case 'x':
        case 'X':
            base = 16;
            if (directive.sharp) prefix = cat('0', directive.verb);
            break;
        case 'o':
            base = 8;
            if (directive.sharp) prefix = "0";
            break;
        case 'b':
            base = 2;
            break;
        case 'c': {
            std::string out;
            append_utf8(out, magnitude);
            return out;
        }
        case 'U':
            std::snprintf(buffer, sizeof buffer, "U+%04llX", static_cast<unsigned long long>(magnitude));
            return std::string(buffer);
        default:
            return std::nullopt;
    }
    auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
    std::string digits(buffer, error == std::errc() ? end : buffer);
    if (directive.verb == 'X')
        for (char& c : digits)
            if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    if (directive.precision && digits.size() < *directive.precision)
        digits.insert(0, *directive.precision - digits.size(), '0');
    return cat(negative ? "-" : directive.plus ? "+" : directive.space ? " " : "", prefix, digits);
}

std::optional<std::string> double_text(const Directive& directive, double value) {
    std::string_view verbs = "eEfFgG";
    if (verbs.find(directive.verb) == std::string_view::npos) return std::nullopt;
    char verb = directive.verb == 'F' ? 'f' : directive.verb;
    if ((verb == 'g' || verb == 'G') && !directive.precision) return go_print(Json(value));
    char format[8] = {'%', directive.plus ? '+' : '.', 0};
    std::snprintf(format, sizeof format, "%%%s.*%c", directive.plus ? "+" : directive.space ? " " : "", verb);
    char buffer[512];
    auto precision = static_cast<int>(std::min<std::size_t>(directive.precision.value_or(6), 100));
    std::snprintf(buffer, sizeof buffer, format, precision, value);
    return std::string(buffer);
}

std::optional<std::string> text_text(const Directive& directive, std::string_view text) {
    if (directive.precision) text = first_code_points(text, *directive.precision);
    switch (directive.verb) {
        case 's':
            return std::string(text);
        case 'q':
            return directive.sharp ? cat('`', text, '`') : go_quote(text);
        case 'x':
        case 'X':
            return hex_of_text(text, directive.verb == 'X');
        default:
            return std::nullopt;
    }
}

std::string format_value(const Directive& directive, const Value& value, ShapeOf shape_of);

// %s, %q, %d … of a list apply to each element.
std::string format_list(const Directive& directive, const Json::Array& array, ShapeOf shape_of) {
    std::string out = "[";
    for (std::size_t i = 0; i < array.size(); ++i)
        out += cat(i > 0 ? " " : "", format_value(directive, {array[i], {}, true}, shape_of));
    return out + ']';
}

std::string format_value(const Directive& directive, const Value& value, ShapeOf shape_of) {
    const Json& json = value.json;
    if (directive.verb == 'T') return padded(std::string(go_type(json)), directive, false);
    if (directive.verb == 'v') {
        std::string text = directive.sharp && json.is_string() ? go_quote(*json.as_string())
                                                               : go_print(json, value.field, shape_of);
        return padded(value.is_valid ? text : "<nil>", directive, json.is_number());
    }
    std::optional<std::string> text;
    if (json.is_bool()) {
        if (directive.verb == 't') text = *json.as_bool() ? "true" : "false";
    } else if (auto* string = json.as_string()) {
        text = text_text(directive, *string);
    } else if (auto integer = json.as_int64()) {
        bool negative = *integer < 0;
        auto bits = static_cast<std::uint64_t>(*integer);
        text = integer_text(directive, negative, negative ? ~bits + 1 : bits);
    } else if (auto large = json.as_uint64()) {
        text = integer_text(directive, false, *large);
    } else if (auto number = json.as_double()) {
        text = double_text(directive, *number);
    } else if (auto* array = json.as_array()) {
        return format_list(directive, *array, shape_of);
    } else if (json.is_object() && directive.verb == 's') {
        text = go_print(json, value.field, shape_of);
    }
    if (!text) return bad_verb(directive, value, shape_of);
    return padded(*text, directive, json.is_number());
}

// Reads flags, width and precision; '*' takes them from the values.
class Directives {
  public:
    Directives(std::string_view format, std::span<const Value> values, ShapeOf shape_of)
        : format_(format), values_(values), shape_of_(shape_of) {}

    std::string render() {
        std::string out;
        while (at_ < format_.size()) {
            if (format_[at_] != '%') {
                out += format_[at_++];
                continue;
            }
            ++at_;
            out += one();
        }
        if (next_ < values_.size()) out += extra();
        return out;
    }

  private:
    std::string one() {
        Directive directive = read();
        if (at_ >= format_.size()) return "%!(NOVERB)";
        directive.verb = format_[at_++];
        if (directive.verb == '%') return "%";
        if (next_ >= values_.size()) return cat("%!", directive.verb, "(MISSING)");
        return format_value(directive, values_[next_++], shape_of_);
    }

    Directive read() {
        Directive directive;
        for (bool more = true; more && at_ < format_.size();) {
            switch (format_[at_]) {
                case '-':
                    directive.minus = true;
                    break;
                case '+':
                    directive.plus = true;
                    break;
                case '#':
                    directive.sharp = true;
                    break;
                case ' ':
                    directive.space = true;
                    break;
                case '0':
                    directive.zero = true;
                    break;
                default:
                    more = false;
            }
            if (more) ++at_;
        }
        directive.width = number();
        if (at_ < format_.size() && format_[at_] == '.') {
            ++at_;
            directive.precision = number();
        }
        return directive;
    }

    std::size_t number() {
        if (at_ < format_.size() && format_[at_] == '*') {
            ++at_;
            auto value = next_ < values_.size() ? values_[next_++].json.as_int64() : std::nullopt;
            return std::min<std::size_t>(
                static_cast<std::size_t>(std::max<std::int64_t>(value.value_or(0), 0)), kMaxWidth);
        }
        std::size_t value = 0;
        for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_)
            value = std::min(value * 10 + static_cast<std::size_t>(format_[at_] - '0'), kMaxWidth);
        return value;
    }

    std::string extra() {
        std::string out = "%!(EXTRA ";
        for (std::size_t i = next_; i < values_.size(); ++i) {
            if (i > next_) out += ", ";
            const Value& value = values_[i];
            out += cat(go_type(value.json), '=', go_print(value.json, value.field, shape_of_));
        }
        return out + ')';
    }

    std::string_view format_;
    std::span<const Value> values_;
    ShapeOf shape_of_;
    std::size_t at_ = 0;
    std::size_t next_ = 0;
};

}  // namespace

std::string go_sprintf(std::string_view format, std::span<const Value> values, ShapeOf shape_of) {
    return Directives(format, values, shape_of).render();
}

}  // namespace tare::cli
