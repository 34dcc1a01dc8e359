#include "cli/common/key_value.h"

#include <algorithm>
#include <cstdlib>

#include "posix/file.h"

namespace tare::cli {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::string_view kBlanks = " \t\v\f\r\n";

std::string_view trim_left(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

}  // namespace

std::optional<std::string> environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

Result<std::vector<std::string>> parse_key_value_lines(std::string_view text, std::string_view what,
                                                       const EnvironmentLookup& lookup) {
    std::vector<std::string> out;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t number = 0;
    for (std::string_view line : split(text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!is_valid_utf8(line))
            return fail(ErrorKind::invalid_argument, "invalid env file (", what,
                        "): invalid utf8 bytes at line ", number);
        line = trim_left(line);
        if (line.empty() || line.starts_with('#')) continue;
        auto [key, value] = cut(line, '=');
        if (key.empty())
            return fail(ErrorKind::invalid_argument, "invalid env file (", what,
                        "): no variable name on line '", line, '\'');
        if (key.find_first_of(kBlanks) != std::string_view::npos)
            return fail(ErrorKind::invalid_argument, "invalid env file (", what, "): variable '", key,
                        "' contains whitespaces");
        if (value) {
            out.emplace_back(line);
        } else if (!lookup) {
            out.emplace_back(key);
        } else if (auto found = lookup(key)) {
            out.push_back(cat(key, '=', *found));
        }
    }
    return out;
}

Result<std::vector<std::string>> read_key_value_files(const std::vector<std::string>& paths,
                                                      const EnvironmentLookup& lookup) {
    std::vector<std::string> out;
    for (const std::string& path : paths) {
        auto text = posix::read_file(path, kMaxFileBytes);
        if (!text && text.error().is(ErrorKind::not_found))
            return fail(ErrorKind::not_found, "open ", path, ": no such file or directory");
        std::string content = TRY(std::move(text));
        for (std::string& line : TRY(parse_key_value_lines(content, path, lookup)))
            out.push_back(std::move(line));
    }
    return out;
}

Result<std::string> resolve_environment_option(std::string_view option, const EnvironmentLookup& lookup) {
    auto [key, value] = cut(option, '=');
    if (key.empty()) return fail(ErrorKind::invalid_argument, "invalid environment variable: ", option);
    if (value) return std::string(option);
    if (auto found = lookup(key)) return cat(key, '=', *found);
    return std::string(option);
}

Json key_value_object(const std::vector<std::string>& options) {
    Json out = Json::object();
    for (const std::string& option : options) {
        auto [key, value] = cut(option, '=');
        out.set(key, value.value_or(""));
    }
    return out;
}

Result<std::vector<std::string>> split_csv(std::string_view text) {
    std::vector<std::string> fields(1);
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '"' && fields.back().empty()) {
            for (++at;; ++at) {
                if (at >= text.size())
                    return fail(ErrorKind::invalid_argument,
                                "parse error on line 1: extraneous or missing \" in quoted-field");
                if (text[at] == '"' && text.substr(at + 1, 1) != "\"") break;
                if (text[at] == '"') ++at;
                fields.back() += text[at];
            }
            ++at;
            if (at < text.size() && text[at] != ',')
                return fail(ErrorKind::invalid_argument,
                            "parse error on line 1: extraneous or missing \" in quoted-field");
            continue;
        }
        if (text[at] == ',') {
            fields.emplace_back();
        } else if (text[at] == '"') {
            return fail(ErrorKind::invalid_argument, "parse error on line 1: bare \" in non-quoted-field");
        } else {
            fields.back() += text[at];
        }
        ++at;
    }
    return fields;
}

Result<std::string> filters_parameter(const std::vector<std::string>& filters) {
    Json out = Json::object();
    for (const std::string& filter : filters) {
        auto [key, value] = cut(filter, '=');
        if (filter.empty()) continue;
        if (!value)
            return fail(ErrorKind::invalid_argument, "invalid filter ", quote(filter),
                        ": expected key=value");
        std::string name = to_lower(trim(key));
        if (out.find(name) == nullptr) out.set(name, Json::object());
        out.find(name)->set(trim(*value), true);
    }
    if (out.as_object()->empty()) return std::string();
    return dump(out);
}

}  // namespace tare::cli
