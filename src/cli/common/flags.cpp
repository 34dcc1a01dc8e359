#include "cli/common/flags.h"

#include <algorithm>

#include "cli/common/duration.h"
#include "cli/common/size.h"

namespace tare::cli {

namespace {

Error go_number_error(std::string_view function, std::string_view text, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "strconv.", function, ": parsing ", quote(text), ": ", why);
}

int base_of(std::string_view& digits) {
    if (digits.size() < 2 || digits[0] != '0') return 10;
    char marker = digits[1] | 0x20;
    int base = marker == 'x' ? 16 : marker == 'o' ? 8 : marker == 'b' ? 2 : 0;
    digits.remove_prefix(base != 0 ? 2 : 1);
    return base != 0 ? base : 8;
}

Result<std::uint64_t> parse_magnitude(std::string_view digits, std::string_view whole,
                                      std::string_view function) {
    int base = base_of(digits);
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error == std::errc::result_out_of_range)
        return go_number_error(function, whole, "value out of range");
    if (error != std::errc() || end != digits.data() + digits.size())
        return go_number_error(function, whole, "invalid syntax");
    return value;
}

}  // namespace

Result<bool> parse_boolean(std::string_view text) {
    for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
        if (text == yes) return true;
    for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
        if (text == no) return false;
    return go_number_error("ParseBool", text, "invalid syntax");
}

Result<std::int64_t> parse_int64(std::string_view text) {
    std::string_view digits = text;
    bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    std::uint64_t magnitude = TRY(parse_magnitude(digits, text, "ParseInt"));
    std::uint64_t limit = negative ? std::uint64_t{1} << 63 : (std::uint64_t{1} << 63) - 1;
    if (magnitude > limit) return go_number_error("ParseInt", text, "value out of range");
    return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

Flag& FlagSet::add(Flag flag) {
    flags_.push_back(std::move(flag));
    return flags_.back();
}

Flag& FlagSet::boolean(bool& target, std::string_view name, char shorthand, std::string_view help) {
    Flag& flag = custom(name, shorthand, "", help, [&target](std::string_view text) -> Result<> {
        target = TRY(parse_boolean(text));
        return {};
    });
    flag.no_value = "true";
    if (target) flag.default_text = "true";
    return flag;
}

Flag& FlagSet::text(std::string& target, std::string_view name, char shorthand, std::string_view help,
                    std::string_view type) {
    Flag& flag = custom(name, shorthand, type, help, [&target](std::string_view text) -> Result<> {
        target = text;
        return {};
    });
    if (!target.empty()) flag.default_text = cat('"', target, '"');
    return flag;
}

Flag& FlagSet::integer(std::int64_t& target, std::string_view name, char shorthand, std::string_view help,
                       std::string_view type) {
    Flag& flag = custom(name, shorthand, type, help, [&target](std::string_view text) -> Result<> {
        target = TRY(parse_int64(text));
        return {};
    });
    if (target != 0) flag.default_text = cat(target);
    return flag;
}

Flag& FlagSet::unsigned_integer(std::uint64_t& target, std::string_view name, char shorthand,
                                std::string_view help, std::uint64_t max, std::string_view type) {
    return custom(name, shorthand, type, help, [&target, max](std::string_view text) -> Result<> {
        std::uint64_t value = TRY(parse_magnitude(text, text, "ParseUint"));
        if (value > max) return go_number_error("ParseUint", text, "value out of range");
        target = value;
        return {};
    });
}

Flag& FlagSet::duration(std::chrono::nanoseconds& target, std::string_view name, char shorthand,
                        std::string_view help) {
    return custom(name, shorthand, "duration", help, [&target](std::string_view text) -> Result<> {
        target = TRY(parse_duration(text));
        return {};
    });
}

Flag& FlagSet::size(std::int64_t& target, std::string_view name, char shorthand, std::string_view help) {
    return custom(name, shorthand, "bytes", help, [&target](std::string_view text) -> Result<> {
        target = TRY(parse_size(text));
        return {};
    });
}

Flag& FlagSet::list(std::vector<std::string>& target, std::string_view name, char shorthand,
                    std::string_view help, std::string_view type) {
    return custom(name, shorthand, type, help, [&target](std::string_view text) -> Result<> {
        target.emplace_back(text);
        return {};
    });
}

Flag& FlagSet::custom(std::string_view name, char shorthand, std::string_view type, std::string_view help,
                      std::function<Result<>(std::string_view)> assign) {
    Flag flag;
    flag.name = name;
    flag.shorthand = shorthand;
    flag.type = type;
    flag.help = help;
    flag.assign = std::move(assign);
    return add(std::move(flag));
}

const Flag* FlagSet::find(std::string_view name) const {
    auto found = std::ranges::find(flags_, name, &Flag::name);
    return found == flags_.end() ? nullptr : &*found;
}

const Flag* FlagSet::find_shorthand(char shorthand) const {
    auto found = std::ranges::find(flags_, shorthand, &Flag::shorthand);
    return found == flags_.end() ? nullptr : &*found;
}

bool FlagSet::is_set(std::string_view name) const {
    const Flag* flag = find(name);
    return flag != nullptr && flag->is_set;
}

Result<> FlagSet::assign(Flag& flag, std::string_view value) {
    auto assigned = flag.assign(value);
    if (!assigned) {
        std::string shown =
            flag.shorthand != 0 ? cat('-', flag.shorthand, ", --", flag.name) : cat("--", flag.name);
        return fail(ErrorKind::invalid_argument, "invalid argument ", quote(value), " for ", quote(shown),
                    " flag: ", assigned.error().message());
    }
    flag.is_set = true;
    return {};
}

// `--name`, `--name=value` or `--name value` at words[at]; returns how many words it took.
Result<std::size_t> FlagSet::parse_long(std::span<const std::string> words, std::size_t at) {
    std::string_view body = std::string_view(words[at]).substr(2);
    auto [name, value] = cut(body, '=');
    if (name.empty() || name[0] == '-')
        return fail(ErrorKind::invalid_argument, "bad flag syntax: ", words[at]);
    Flag* flag = const_cast<Flag*>(find(name));
    if (flag == nullptr) return fail(ErrorKind::invalid_argument, "unknown flag: --", name);
    if (value) {
        TRY(assign(*flag, *value));
        return 1u;
    }
    if (!flag->no_value.empty()) {
        TRY(assign(*flag, flag->no_value));
        return 1u;
    }
    if (at + 1 == words.size()) return fail(ErrorKind::invalid_argument, "flag needs an argument: --", name);
    TRY(assign(*flag, words[at + 1]));
    return 2u;
}

// A bundle such as `-it`, `-n5`, `-n=5` or `-n 5` at words[at].
Result<std::size_t> FlagSet::parse_short(std::span<const std::string> words, std::size_t at) {
    std::string_view bundle = std::string_view(words[at]).substr(1);
    while (!bundle.empty()) {
        char letter = bundle[0];
        Flag* flag = const_cast<Flag*>(find_shorthand(letter));
        if (flag == nullptr)
            return fail(ErrorKind::invalid_argument, "unknown shorthand flag: '", letter, "' in -", bundle);
        if (bundle.size() > 2 && bundle[1] == '=') {
            TRY(assign(*flag, bundle.substr(2)));
            return 1u;
        }
        if (!flag->no_value.empty()) {
            TRY(assign(*flag, flag->no_value));
            bundle.remove_prefix(1);
            continue;
        }
        if (bundle.size() > 1) {
            TRY(assign(*flag, bundle.substr(1)));
            return 1u;
        }
        if (at + 1 == words.size())
            return fail(ErrorKind::invalid_argument, "flag needs an argument: '", letter, "' in -", bundle);
        TRY(assign(*flag, words[at + 1]));
        return 2u;
    }
    return 1u;
}

Result<std::vector<std::string>> FlagSet::parse(std::span<const std::string> words,
                                                Interspersed interspersed) {
    std::vector<std::string> arguments;
    std::size_t at = 0;
    while (at < words.size()) {
        std::string_view word = words[at];
        bool is_argument = word.size() < 2 || word[0] != '-';
        if (is_argument && interspersed == Interspersed::yes) {
            arguments.emplace_back(word);
            ++at;
            continue;
        }
        if (word == "--") ++at;
        if (is_argument || word == "--") {
            arguments.insert(arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
            break;
        }
        at += word.starts_with("--") ? TRY(parse_long(words, at)) : TRY(parse_short(words, at));
    }
    return arguments;
}

}  // namespace tare::cli
