#include <algorithm>

#include "cli/common/template_node.h"

namespace tare::cli::template_detail {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";

bool is_name_char(char c) {
    auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           byte >= 0x80;
}

bool is_space(char c) {
    return kSpaces.find(c) != std::string_view::npos;
}

void append_utf8(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    if (c >= 0x10000) {
        out += static_cast<char>(0xF0 | (c >> 18 & 7));
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    } else if (c >= 0x800) {
        out += static_cast<char>(0xE0 | c >> 12);
    } else {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
        return;
    }
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
}

// The escapes of a Go string literal between its quotes; nothing if one is malformed.
std::optional<std::string> unescape(std::string_view body) {
    static constexpr std::string_view kLetters = "abfnrtv\\\"'";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
    std::string out;
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != '\\') {
            out += body[i];
            continue;
        }
        if (++i >= body.size()) return std::nullopt;
        if (auto at = kLetters.find(body[i]); at != std::string_view::npos) {
            out += kMeanings[at];
            continue;
        }
        bool octal = body[i] >= '0' && body[i] <= '7';
        std::size_t digits = octal ? 3 : body[i] == 'x' ? 2 : body[i] == 'u' ? 4 : body[i] == 'U' ? 8 : 0;
        std::size_t from = octal ? i : i + 1;
        if (digits == 0 || from + digits > body.size()) return std::nullopt;
        auto value = parse_integer<std::uint32_t>(body.substr(from, digits), octal ? 8 : 16);
        if (!value || *value > 0x10FFFF) return std::nullopt;
        if (octal || digits == 2) {
            out += static_cast<char>(*value);
        } else {
            append_utf8(out, *value);
        }
        i = from + digits - 1;
    }
    return out;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        while (at_ < text_.size())
            TRY(text_part());
        add(Token::Kind::end, at_, "");
        return std::move(tokens_);
    }

  private:
    Error error(std::string_view message) const {
        auto line = 1 + std::ranges::count(text_.substr(0, std::min(at_, text_.size())), '\n');
        return fail(ErrorKind::invalid_argument, "template: :", line, ": ", message);
    }

    void add(Token::Kind kind, std::size_t from, std::string value) {
        Token token{kind, std::move(value), std::string(text_.substr(from, at_ - from)), from, 1};
        line_ += static_cast<std::size_t>(std::ranges::count(text_.substr(counted_, from - counted_), '\n'));
        counted_ = from;
        token.line = line_;
        tokens_.push_back(std::move(token));
    }

    // Text up to the next action, then that action.
    Result<> text_part() {
        std::size_t from = at_;
        std::size_t open = text_.find("{{", at_);
        std::string_view text = text_.substr(from, open == std::string_view::npos ? open : open - from);
        if (trim_next_) text = text.substr(std::min(text.find_first_not_of(kSpaces), text.size()));
        trim_next_ = false;
        if (open == std::string_view::npos) {
            at_ = text_.size();
            if (!text.empty()) add(Token::Kind::text, from, std::string(text));
            return {};
        }
        bool trims = open + 3 < text_.size() && text_[open + 2] == '-' && is_space(text_[open + 3]);
        if (trims) text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
        at_ = open;
        if (!text.empty()) add(Token::Kind::text, from, std::string(text));
        at_ = open + (trims ? 3 : 2);
        std::size_t body = at_;
        if (trims) body = std::min(text_.find_first_not_of(kSpaces, at_), text_.size());
        if (text_.substr(body).starts_with("/*")) return comment(body);
        add(Token::Kind::open, open, "");
        return action();
    }

    Result<> comment(std::size_t from) {
        std::size_t end = text_.find("*/", from + 2);
        if (end == std::string_view::npos) return error("unclosed comment");
        at_ = end + 2;
        if (!try_close()) return error("comment ends before closing delimiter");
        return {};
    }

    // "}}" or " -}}" here; moves behind it.
    bool try_close() {
        std::string_view rest = text_.substr(at_);
        if (rest.size() >= 4 && is_space(rest[0]) && rest.substr(1, 3) == "-}}") {
            at_ += 4;
            trim_next_ = true;
            return true;
        }
        if (rest.starts_with("}}")) {
            at_ += 2;
            return true;
        }
        return false;
    }

    Result<> action() {
        int depth = 0;
        for (;;) {
            std::size_t from = at_;
            if (try_close()) {
                if (depth != 0) return error("unclosed left paren");
                add(Token::Kind::close, from, "");
                return {};
            }
            if (at_ >= text_.size()) return error("unclosed action");
            char c = text_[at_];
            if (c == '(') ++depth;
            if (c == ')' && --depth < 0) return error("unexpected right paren");
            TRY(inside(c));
        }
    }

    Result<> inside(char c) {
        std::size_t from = at_;
        if (is_space(c)) {
            // A blank before "-}}" belongs to the closing mark.
            while (at_ < text_.size() && is_space(text_[at_]) && text_.substr(at_ + 1, 3) != "-}}")
                ++at_;
            if (at_ == from) ++at_;
            add(Token::Kind::space, from, "");
            return {};
        }
        if (text_.substr(at_, 2) == ":=") return single(Token::Kind::declare, 2);
        switch (c) {
            case '=':
                return single(Token::Kind::assign, 1);
            case '|':
                return single(Token::Kind::pipe, 1);
            case ',':
                return single(Token::Kind::comma, 1);
            case '(':
                return single(Token::Kind::left_paren, 1);
            case ')':
                return single(Token::Kind::right_paren, 1);
            case '"':
            case '`':
                return quoted(c);
            case '\'':
                return character();
            case '$':
                return name(Token::Kind::variable, 1);
            case '.':
                break;
            default:
                if ((c >= '0' && c <= '9') || c == '+' || c == '-') return number();
                if (is_name_char(c)) return name(Token::Kind::identifier, 0);
                return error(cat("unrecognized character in action: ", code_point_name(c)));
        }
        if (at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9') return number();
        if (at_ + 1 < text_.size() && is_name_char(text_[at_ + 1])) return name(Token::Kind::field, 1);
        return single(Token::Kind::dot, 1);
    }

    static std::string code_point_name(char c) {
        static constexpr std::string_view kDigits = "0123456789ABCDEF";
        auto byte = static_cast<unsigned char>(c);
        return cat("U+00", kDigits[byte >> 4], kDigits[byte & 15], " '", c, '\'');
    }

    Result<> single(Token::Kind kind, std::size_t length) {
        std::size_t from = at_;
        at_ += length;
        add(kind, from, "");
        return {};
    }

    Result<> name(Token::Kind kind, std::size_t prefix) {
        std::size_t from = at_;
        at_ += prefix;
        while (at_ < text_.size() && is_name_char(text_[at_]))
            ++at_;
        std::string_view word = text_.substr(from, at_ - from);
        if (kind == Token::Kind::field) word.remove_prefix(1);
        add(kind, from, std::string(word));
        if (at_ < text_.size() &&
            std::string_view(" \t\r\n.,|:()=}").find(text_[at_]) == std::string_view::npos)
            return error(cat("bad character ", code_point_name(text_[at_])));
        return {};
    }

    Result<> number() {
        std::size_t from = at_;
        while (at_ < text_.size() && (is_name_char(text_[at_]) || text_[at_] == '.' || text_[at_] == '+' ||
                                      (text_[at_] == '-' && text_.substr(at_, 3) != "-}}")))
            ++at_;
        add(Token::Kind::number, from, std::string(text_.substr(from, at_ - from)));
        return {};
    }

    Result<> quoted(char quote_mark) {
        std::size_t from = at_;
        for (++at_; at_ < text_.size() && text_[at_] != quote_mark; ++at_) {
            if (quote_mark == '`') continue;
            if (text_[at_] == '\\') ++at_;
            if (at_ >= text_.size() || text_[at_] == '\n') return error("unterminated quoted string");
        }
        if (at_ >= text_.size())
            return error(quote_mark == '`' ? "unterminated raw quoted string" : "unterminated quoted string");
        std::string_view body = text_.substr(from + 1, at_ - from - 1);
        ++at_;
        std::optional<std::string> value = quote_mark == '`' ? std::string(body) : unescape(body);
        if (!value) return error("invalid syntax");
        add(Token::Kind::string, from, std::move(*value));
        return {};
    }

    Result<> character() {
        std::size_t from = at_;
        for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_)
            if (text_[at_] == '\\') ++at_;
        if (at_ >= text_.size()) return error("unterminated character constant");
        auto value = unescape(text_.substr(from + 1, at_ - from - 1));
        ++at_;
        if (!value || value->size() != 1)
            return error(cat("malformed character constant: ", text_.substr(from, at_ - from)));
        add(Token::Kind::character, from, cat(static_cast<int>(static_cast<unsigned char>((*value)[0]))));
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;  // of the text up to counted_
    std::size_t counted_ = 0;
    bool trim_next_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace tare::cli::template_detail
