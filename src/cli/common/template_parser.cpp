#include <algorithm>

#include "cli/common/flags.h"
#include "cli/common/template_node.h"

namespace tare::cli::template_detail {

namespace {

using Kind = Token::Kind;

// Deeper nesting than anyone writes by hand; bounds the recursion.
constexpr int kMaxDepth = 100;

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<Program> run() {
        std::string stop = TRY(list(program_.body));
        if (!stop.empty()) return error(cat("unexpected {{", stop, "}}"));
        return std::move(program_);
    }

  private:
    const Token& peek() const { return tokens_[at_]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    void skip_space() {
        while (peek().kind == Kind::space)
            ++at_;
    }
    const Token& peek_word() {
        skip_space();
        return peek();
    }
    bool is_keyword(std::string_view word) {
        return peek_word().kind == Kind::identifier && peek().value == word;
    }

    Error error(std::string_view message) const {
        return fail(ErrorKind::invalid_argument, "template: :", peek().line, ": ", message);
    }
    Error unexpected(std::string_view context) const {
        if (peek().kind == Kind::end) return error("unexpected EOF");
        std::string shown = peek().kind == Kind::close ? "\"}}\"" : cat('<', peek().source, '>');
        if (peek().kind != Kind::identifier && peek().kind != Kind::close) shown = quote(peek().source);
        return error(cat("unexpected ", shown, " in ", context));
    }

    // Nodes up to {{end}} or {{else}}, whose word is returned with its action still open behind the
    // word; "" at the end of the template.
    Result<std::string> list(NodeList& out) {
        if (++depth_ > kMaxDepth) return error("template is nested too deeply");
        for (;;) {
            const Token& token = next();
            if (token.kind == Kind::end) {
                --depth_;
                return std::string();
            }
            if (token.kind == Kind::text) {
                Node node;
                node.text = token.value;
                out.push_back(std::move(node));
                continue;
            }
            if (is_keyword("end") || is_keyword("else")) {
                --depth_;
                return next().value;
            }
            TRY(action(out));
        }
    }

    Result<> close(std::string_view context) {
        if (peek_word().kind != Kind::close) return unexpected(context);
        next();
        return {};
    }

    Result<> action(NodeList& out) {
        Node node;
        node.offset = peek_word().offset;
        if (peek().kind == Kind::identifier) {
            std::string word = peek().value;
            if (word == "define" || word == "block") return definition(out, word);
            if (word == "if") return branch(out, Node::Kind::condition, word);
            if (word == "with") return branch(out, Node::Kind::with, word);
            if (word == "range") return branch(out, Node::Kind::range, word);
            if (word == "template") return call(out);
            if (word == "break" || word == "continue") {
                if (loops_ == 0) return error(cat("{{", word, "}} outside {{range}}"));
                next();
                TRY(close(word));
                node.kind = word == "break" ? Node::Kind::break_loop : Node::Kind::continue_loop;
                out.push_back(std::move(node));
                return {};
            }
        }
        node.kind = Node::Kind::action;
        node.pipeline = TRY(pipeline("command", Kind::close));
        out.push_back(std::move(node));
        return {};
    }

    Result<> branch(NodeList& out, Node::Kind kind, const std::string& word) {
        Node node;
        node.kind = kind;
        node.offset = next().offset;
        const std::size_t variables = variables_.size();
        node.pipeline = TRY(pipeline(word, Kind::close));
        if (kind == Node::Kind::range) ++loops_;
        std::string stop = TRY(list(node.body));
        if (kind == Node::Kind::range) --loops_;
        if (stop == "else") {
            // "{{else if}}" is an if inside the else that shares its {{end}}.
            if (kind != Node::Kind::range && is_keyword(word)) {
                TRY(branch(node.otherwise, kind, word));
                variables_.resize(variables);
                out.push_back(std::move(node));
                return {};
            }
            TRY(close("else"));
            stop = TRY(list(node.otherwise));
        }
        if (stop != "end")
            return stop.empty() ? error("unexpected EOF") : error("expected end; found {{else}}");
        TRY(close("end"));
        variables_.resize(variables);
        out.push_back(std::move(node));
        return {};
    }

    Result<> definition(NodeList& out, const std::string& word) {
        next();
        if (peek_word().kind != Kind::string) return unexpected(cat(word, " clause"));
        Node node;
        node.kind = Node::Kind::call;
        node.offset = peek().offset;
        node.text = next().value;
        if (word == "block") {
            node.pipeline = TRY(pipeline("block clause", Kind::close));
        } else {
            TRY(close("define clause"));
        }
        NodeList body;
        std::string stop = TRY(list(body));
        if (stop != "end") return error("unexpected EOF");
        TRY(close("end"));
        program_.definitions.insert_or_assign(node.text, std::move(body));
        if (word == "block") out.push_back(std::move(node));
        return {};
    }

    Result<> call(NodeList& out) {
        Node node;
        node.kind = Node::Kind::call;
        next();
        if (peek_word().kind != Kind::string) return unexpected("template clause");
        node.offset = peek().offset;
        node.text = next().value;
        if (peek_word().kind == Kind::close) {
            next();
        } else {
            node.pipeline = TRY(pipeline("template clause", Kind::close));
        }
        out.push_back(std::move(node));
        return {};
    }

    // `$a := …`, `$i, $e := …`, `$a = …` in front of a pipeline.
    Result<> declarations(Pipeline& out, std::string_view context) {
        if (peek_word().kind != Kind::variable) return {};
        std::size_t start = at_;
        std::vector<std::string> names{next().value};
        if (peek_word().kind == Kind::comma && context == "range") {
            next();
            if (peek_word().kind != Kind::variable) return unexpected(context);
            names.push_back(next().value);
        }
        Kind kind = peek_word().kind;
        if (kind != Kind::declare && kind != Kind::assign) {
            at_ = start;
            return {};
        }
        next();
        out.is_assignment = kind == Kind::assign;
        for (const std::string& name : names) {
            if (!out.is_assignment) variables_.push_back(name);
            if (!is_declared(name)) return error(cat("undefined variable ", quote(name)));
        }
        out.variables = std::move(names);
        return {};
    }

    bool is_declared(const std::string& name) const {
        return name == "$" || std::ranges::find(variables_, name) != variables_.end();
    }

    Result<Pipeline> pipeline(std::string_view context, Kind stop) {
        if (++depth_ > kMaxDepth) return error("template is nested too deeply");
        Pipeline out;
        out.offset = peek_word().offset;
        TRY(declarations(out, context));
        for (;;) {
            if (peek_word().kind == stop) {
                if (out.commands.empty()) return error(cat("missing value for ", context));
                next();
                --depth_;
                return out;
            }
            out.commands.push_back(TRY(command(context)));
            if (peek_word().kind == Kind::pipe) {
                next();
                if (peek_word().kind == stop) return error(cat("missing value for ", context));
            } else if (peek().kind != stop) {
                return unexpected(context);
            }
        }
    }

    Result<Command> command(std::string_view context) {
        Command out;
        for (;;) {
            std::optional<Operand> part = TRY(operand());
            if (!part) break;
            out.operands.push_back(std::move(*part));
            if (peek().kind != Kind::space) break;
            skip_space();
        }
        if (out.operands.empty()) return unexpected(context == "command" ? "command" : context);
        return out;
    }

    Result<std::optional<Operand>> operand() {
        const Token& token = peek_word();
        Operand out;
        out.offset = token.offset;
        out.source = token.source;
        switch (token.kind) {
            case Kind::identifier:
                TRY(word(out));
                break;
            case Kind::dot:
                next();
                break;
            case Kind::field:
                out.kind = Operand::Kind::field;
                out.fields.push_back(next().value);
                break;
            case Kind::variable:
                if (!is_declared(token.value)) return error(cat("undefined variable ", quote(token.value)));
                out.kind = Operand::Kind::variable;
                out.name = next().value;
                break;
            case Kind::string:
                out.kind = Operand::Kind::constant;
                out.constant = Json(next().value);
                break;
            case Kind::character:
                out.kind = Operand::Kind::constant;
                out.constant = Json(parse_integer<std::int64_t>(next().value).value_or(0));
                break;
            case Kind::number:
                TRY(number(out));
                break;
            case Kind::left_paren:
                next();
                out.kind = Operand::Kind::pipeline;
                out.pipeline =
                    std::make_shared<Pipeline>(TRY(pipeline("parenthesized pipeline", Kind::right_paren)));
                out.source = "(…)";
                break;
            default:
                return std::optional<Operand>();
        }
        TRY(trailing_fields(out));
        return std::optional<Operand>(std::move(out));
    }

    Result<> word(Operand& out) {
        const std::string& name = peek().value;
        if (name == "true" || name == "false") {
            out.kind = Operand::Kind::constant;
            out.constant = Json(name == "true");
        } else if (name == "nil") {
            out.kind = Operand::Kind::nil;
        } else if (is_function(name)) {
            out.kind = Operand::Kind::function;
            out.name = name;
        } else {
            return error(cat("function ", quote(name), " not defined"));
        }
        next();
        return {};
    }

    Result<> number(Operand& out) {
        std::string text = replace_all(peek().value, "_", "");
        out.kind = Operand::Kind::constant;
        if (auto integer = parse_int64(text)) {
            out.constant = Json(*integer);
        } else {
            double value = 0;
            auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc() || end != text.data() + text.size())
                return error(cat("bad number syntax: ", quote(peek().value)));
            out.constant = Json(value);
        }
        next();
        return {};
    }

    Result<> trailing_fields(Operand& out) {
        if (peek().kind != Kind::field) return {};
        if (out.kind == Operand::Kind::constant || out.kind == Operand::Kind::nil ||
            out.kind == Operand::Kind::dot)
            return error(cat("unexpected . after term ", quote(out.source)));
        // Go reports a chain at its second name.
        out.offset = peek().offset;
        while (peek().kind == Kind::field) {
            out.source += peek().source;
            out.fields.push_back(next().value);
        }
        return {};
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    int loops_ = 0;
    std::vector<std::string> variables_;
    Program program_;
};

}  // namespace

Result<Program> parse_program(std::string_view text) {
    Program program = TRY(Parser(TRY(tokenize(text))).run());
    program.source = text;
    return program;
}

}  // namespace tare::cli::template_detail
