#pragma once

// The syntax tree of a template, and the two passes that make it. Private to cli/common's template
// files.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tare::cli::template_detail {

/// A token with the byte offset where it starts.
struct Token {
    enum class Kind {
        text,   ///< outside of actions
        open,   ///< {{
        close,  ///< }}
        space,
        identifier,  ///< function or keyword
        field,       ///< .Name
        variable,    ///< $name or $
        dot,         ///< .
        string,      ///< quoted, value already unquoted
        number,
        character,  ///< 'x', value is the code point in decimal
        declare,    ///< :=
        assign,     ///< =
        pipe,
        comma,
        left_paren,
        right_paren,
        end,
    };
    Kind kind = Kind::end;
    std::string value;
    std::string source;  ///< as written
    std::size_t offset = 0;
    std::size_t line = 1;
};

/// The tokens of a template; comments are gone and trim markers applied.
Result<std::vector<Token>> tokenize(std::string_view text);

struct Pipeline;

/// One operand of a command.
struct Operand {
    enum class Kind { dot, nil, constant, field, variable, function, pipeline };
    Kind kind = Kind::dot;
    Json constant;
    std::string name;                 ///< of a variable or function
    std::vector<std::string> fields;  ///< `.A.B` behind dot, a variable or parentheses
    std::shared_ptr<Pipeline> pipeline;
    std::size_t offset = 0;
    std::string source;  ///< for messages: "<.Foo>"
};

struct Command {
    std::vector<Operand> operands;
};

struct Pipeline {
    std::vector<std::string> variables;
    bool is_assignment = false;  ///< "=" rather than ":="
    std::vector<Command> commands;
    std::size_t offset = 0;
};

/// One step of a list.
struct Node {
    enum class Kind { text, action, condition, with, range, break_loop, continue_loop, call };
    Kind kind = Kind::text;
    std::string text;  ///< of text; name of the called template
    Pipeline pipeline;
    std::vector<Node> body;
    std::vector<Node> otherwise;
    std::size_t offset = 0;
};

using NodeList = std::vector<Node>;

struct Program {
    std::string source;
    NodeList body;
    std::map<std::string, NodeList, std::less<>> definitions;
};

Result<Program> parse_program(std::string_view text);

/// True for the names that a template may call.
bool is_function(std::string_view name);

}  // namespace tare::cli::template_detail
