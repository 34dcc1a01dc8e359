#include "cli/common/template.h"

#include <algorithm>

#include "cli/common/template_function.h"
#include "cli/common/template_node.h"

namespace tare::cli {

namespace {

using namespace template_detail;

// The zero value of a field that the document leaves out.
Json zero_of(Shape shape) {
    switch (shape) {
        case Shape::text:
            return Json("");
        case Shape::number:
            return Json(0);
        case Shape::boolean:
            return Json(false);
        default:
            return Json();
    }
}

enum class Flow { on, stop, again };  // `stop` and `again` are break and continue on their way out

constexpr int kMaxCallDepth = 100;
constexpr std::size_t kMaxOutputBytes = std::size_t{64} << 20;
constexpr std::int64_t kMaxCount = 1'000'000;

// One run of a program: the output so far and the variables in scope.
class Execution {
  public:
    Execution(const Program& program, const Json& data, const TemplateScope& scope)
        : program_(program), scope_(scope), top_{data, {}, true} {}

    Result<> run() {
        variables_.push_back({"$", top_});
        TRY(walk(program_.body, top_));
        return {};
    }
    std::string take_output() { return std::move(out_); }

  private:
    struct Variable {
        std::string name;
        Value value;
    };

    Error error(std::size_t offset, std::string_view what, const std::string& source = {}) const {
        std::string_view before = std::string_view(program_.source).substr(0, offset);
        auto line = 1 + std::ranges::count(before, '\n');
        std::size_t newline = before.rfind('\n');
        std::size_t column = newline == std::string_view::npos ? offset : offset - newline - 1;
        std::string place = source.empty() ? std::string() : cat(" at <", source, '>');
        return fail(ErrorKind::invalid_argument, "template: :", line, ':', column, ": executing \"\"", place,
                    ": ", what);
    }

    Result<Flow> walk(const NodeList& list, const Value& dot) {
        const std::size_t depth = variables_.size();
        for (const Node& node : list) {
            Flow flow = TRY(step(node, dot));
            if (flow != Flow::on) {
                variables_.resize(depth);
                return flow;
            }
        }
        variables_.resize(depth);
        return Flow::on;
    }

    Result<Flow> step(const Node& node, const Value& dot) {
        switch (node.kind) {
            case Node::Kind::text:
                TRY(write(node.text, node.offset));
                return Flow::on;
            case Node::Kind::action: {
                Value value = TRY(evaluate(node.pipeline, dot));
                if (node.pipeline.variables.empty())
                    TRY(write(
                        value.is_valid ? go_print(value.json, value.field, scope_.shape_of) : "<no value>",
                        node.offset));
                return Flow::on;
            }
            case Node::Kind::condition:
            case Node::Kind::with:
                return condition(node, dot);
            case Node::Kind::range:
                return range(node, dot);
            case Node::Kind::break_loop:
                return Flow::stop;
            case Node::Kind::continue_loop:
                return Flow::again;
            case Node::Kind::call:
                return call(node, dot);
        }
        return Flow::on;
    }

    Result<> write(std::string_view text, std::size_t offset) {
        if (out_.size() + text.size() > kMaxOutputBytes) return error(offset, "output is too large");
        out_ += text;
        return {};
    }

    Result<Flow> condition(const Node& node, const Value& dot) {
        const std::size_t depth = variables_.size();
        Value value = TRY(evaluate(node.pipeline, dot));
        bool taken = is_true(value, scope_.shape_of);
        const Value& inner = taken && node.kind == Node::Kind::with ? value : dot;
        Flow flow = TRY(walk(taken ? node.body : node.otherwise, inner));
        variables_.resize(depth);
        return flow;
    }

    Result<Flow> range(const Node& node, const Value& dot) {
        const std::size_t depth = variables_.size();
        Value subject = TRY(evaluate_for_range(node.pipeline, dot));
        std::vector<std::pair<Value, Value>> items = TRY(items_of(subject, node));
        for (const auto& [key, element] : items) {
            const auto& names = node.pipeline.variables;
            if (names.size() == 1) set(names[0], element, node.pipeline.is_assignment);
            if (names.size() == 2) {
                set(names[0], key, node.pipeline.is_assignment);
                set(names[1], element, node.pipeline.is_assignment);
            }
            Flow flow = TRY(walk(node.body, element));
            variables_.resize(depth);
            if (flow == Flow::stop) break;
        }
        variables_.resize(depth);
        if (items.empty()) return walk(node.otherwise, dot);
        return Flow::on;
    }

    Result<Value> evaluate_for_range(const Pipeline& pipeline, const Value& dot) {
        Value value{Json(), {}, true};
        for (std::size_t i = 0; i < pipeline.commands.size(); ++i)
            value = TRY(evaluate(pipeline.commands[i], dot, i == 0 ? nullptr : &value));
        return value;
    }

    Result<std::vector<std::pair<Value, Value>>> items_of(const Value& subject, const Node& node) {
        std::vector<std::pair<Value, Value>> items;
        if (auto* array = subject.json.as_array()) {
            for (std::size_t i = 0; i < array->size(); ++i)
                items.push_back({Value{Json(i), {}, true}, Value{(*array)[i], {}, true}});
        } else if (auto* object = subject.json.as_object()) {
            for (const auto& [name, value] : *object)
                items.push_back({Value{Json(name), {}, true}, Value{value, name, true}});
            std::ranges::sort(items, {}, [](const auto& item) { return *item.first.json.as_string(); });
        } else if (auto count = subject.json.as_int64(); count && *count <= kMaxCount) {
            for (std::int64_t i = 0; i < *count; ++i)
                items.push_back({Value{Json(i), {}, true}, Value{Json(i), {}, true}});
        } else if (!subject.json.is_null()) {
            return error(node.offset, cat("range can't iterate over ", go_print(subject.json)));
        }
        return items;
    }

    Result<Flow> call(const Node& node, const Value& dot) {
        auto found = program_.definitions.find(node.text);
        if (found == program_.definitions.end())
            return error(node.offset, cat("template ", quote(node.text), " not defined"),
                         cat("{{template ", quote(node.text), "}}"));
        if (++calls_ > kMaxCallDepth) return error(node.offset, "templates call each other too deeply");
        Value inner{Json(), {}, true};
        if (!node.pipeline.commands.empty()) inner = TRY(evaluate(node.pipeline, dot));
        std::vector<Variable> outer{{"$", inner}};
        std::swap(outer, variables_);
        auto flow = walk(found->second, inner);
        std::swap(outer, variables_);
        --calls_;
        return flow;
    }

    void set(const std::string& name, Value value, bool is_assignment) {
        if (is_assignment)
            for (auto at = variables_.rbegin(); at != variables_.rend(); ++at)
                if (at->name == name) {
                    at->value = std::move(value);
                    return;
                }
        variables_.push_back({name, std::move(value)});
    }

    Result<Value> evaluate(const Pipeline& pipeline, const Value& dot) {
        Value value = TRY(evaluate_for_range(pipeline, dot));
        for (const std::string& name : pipeline.variables)
            set(name, value, pipeline.is_assignment);
        return value;
    }

    // `piped`: the value of the command before, which becomes the last argument.
    Result<Value> evaluate(const Command& command, const Value& dot, const Value* piped) {
        const Operand& first = command.operands.front();
        if (first.kind == Operand::Kind::function) return call_named(command, dot, piped);
        if (first.kind == Operand::Kind::field && first.fields.size() == 1 && scope_.method) {
            std::vector<Value> arguments = TRY(arguments_of(command, dot, piped));
            if (auto value = scope_.method(first.fields[0], arguments)) return *value;
        }
        if (command.operands.size() > 1 || piped != nullptr) {
            if (first.kind == Operand::Kind::nil) return error(first.offset, "nil is not a command", "nil");
            return error(first.offset,
                         first.kind == Operand::Kind::field
                             ? cat(first.fields.back(), " has arguments but cannot be invoked as function")
                             : cat("can't give argument to non-function ", first.source),
                         first.source);
        }
        if (first.kind == Operand::Kind::nil) return error(first.offset, "nil is not a command", "nil");
        return evaluate(first, dot);
    }

    Result<std::vector<Value>> arguments_of(const Command& command, const Value& dot, const Value* piped) {
        std::vector<Value> arguments;
        for (std::size_t i = 1; i < command.operands.size(); ++i)
            arguments.push_back(TRY(evaluate(command.operands[i], dot)));
        if (piped != nullptr) arguments.push_back(*piped);
        return arguments;
    }

    Result<Value> call_named(const Command& command, const Value& dot, const Value* piped) {
        const Operand& first = command.operands.front();
        if (first.name == "and" || first.name == "or") return and_or(command, dot, piped);
        std::vector<Value> arguments = TRY(arguments_of(command, dot, piped));
        auto value = call_function(first.name, arguments, scope_);
        if (!value) return error(first.offset, value.error().message(), first.source);
        return select(std::move(*value), first);
    }

    Result<Value> and_or(const Command& command, const Value& dot, const Value* piped) {
        const bool stop_at = command.operands.front().name == "or";
        Value value{Json(), {}, false};
        for (std::size_t i = 1; i < command.operands.size(); ++i) {
            value = TRY(evaluate(command.operands[i], dot));
            if (is_true(value, scope_.shape_of) == stop_at) return value;
        }
        if (piped != nullptr) value = *piped;
        return value;
    }

    Result<Value> evaluate(const Operand& operand, const Value& dot) {
        switch (operand.kind) {
            case Operand::Kind::dot:
                return dot;
            case Operand::Kind::nil:
                return Value{Json(), {}, true};
            case Operand::Kind::constant:
                return Value{operand.constant, {}, true};
            case Operand::Kind::field:
                if (operand.fields.size() == 1 && scope_.method)
                    if (auto value = scope_.method(operand.fields[0], {})) return *value;
                return select(dot, operand);
            case Operand::Kind::variable:
                for (auto at = variables_.rbegin(); at != variables_.rend(); ++at)
                    if (at->name == operand.name) return select(at->value, operand);
                return error(operand.offset, cat("undefined variable: ", operand.name));
            case Operand::Kind::function: {
                Command command;
                command.operands.push_back(operand);
                return call_named(command, dot, nullptr);
            }
            case Operand::Kind::pipeline:
                return select(TRY(evaluate(*operand.pipeline, dot)), operand);
        }
        return dot;
    }

    // `.A.B` of a value.
    Result<Value> select(Value value, const Operand& operand) {
        for (const std::string& name : operand.fields)
            value = TRY(member(value, name, operand));
        return value;
    }

    Result<Value> member(const Value& value, const std::string& name, const Operand& operand) {
        if (const Json* found = value.json.find(name)) return Value{*found, name, true};
        if (std::string_view alias = scope_.alias_of != nullptr ? scope_.alias_of(name) : ""; !alias.empty())
            if (const Json* found = value.json.find(alias)) return Value{*found, std::string(alias), true};
        if (value.json.is_object()) {
            bool is_typed = scope_.shape_of != nullptr && scope_.shape_of(name) != Shape::unknown;
            bool in_map = scope_.shape_of != nullptr && scope_.shape_of(value.field) == Shape::map;
            if (is_typed && !in_map) return Value{zero_of(scope_.shape_of(name)), name, true};
            if (scope_.missing_key == TemplateScope::MissingKey::no_value) return Value{Json(), name, false};
            if (scope_.type_name.empty())
                return error(operand.offset, cat("map has no entry for key ", quote(name)), operand.source);
            return error(operand.offset, cat("can't evaluate field ", name, " in type ", scope_.type_name),
                         operand.source);
        }
        if (value.json.is_null())
            return error(operand.offset, cat("nil pointer evaluating interface {}.", name), operand.source);
        return error(operand.offset, cat("can't evaluate field ", name, " in type ", go_type(value.json)),
                     operand.source);
    }

    const Program& program_;
    const TemplateScope& scope_;
    Value top_;
    std::string out_;
    std::vector<Variable> variables_;
    int calls_ = 0;
};

// Looks at every command of a list and what is nested in it.
bool any_command(const NodeList& list, const std::function<bool(const Command&)>& test);

bool any_command(const Pipeline& pipeline, const std::function<bool(const Command&)>& test) {
    for (const Command& command : pipeline.commands) {
        if (test(command)) return true;
        for (const Operand& operand : command.operands)
            if (operand.pipeline && any_command(*operand.pipeline, test)) return true;
    }
    return false;
}

bool any_command(const NodeList& list, const std::function<bool(const Command&)>& test) {
    return std::ranges::any_of(list, [&](const Node& node) {
        return any_command(node.pipeline, test) || any_command(node.body, test) ||
               any_command(node.otherwise, test);
    });
}

bool any_command(const Program& program, const std::function<bool(const Command&)>& test) {
    return any_command(program.body, test) ||
           std::ranges::any_of(program.definitions,
                               [&](const auto& entry) { return any_command(entry.second, test); });
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
    return Template(std::make_shared<const Program>(TRY(parse_program(text))));
}

Result<std::string> Template::execute(const Json& data, const TemplateScope& scope,
                                      std::string* partial) const {
    Execution execution(*program_, data, scope);
    auto done = execution.run();
    if (!done && partial != nullptr) *partial = execution.take_output();
    if (!done) return std::move(done.error());
    return execution.take_output();
}

bool Template::mentions(std::string_view field) const {
    return any_command(*program_, [&](const Command& command) {
        return std::ranges::any_of(command.operands, [&](const Operand& operand) {
            return std::ranges::find(operand.fields, field) != operand.fields.end();
        });
    });
}

bool Template::mentions_any(bool (*test)(std::string_view field)) const {
    return any_command(*program_, [&](const Command& command) {
        return std::ranges::any_of(command.operands, [&](const Operand& operand) {
            return std::ranges::any_of(operand.fields, test);
        });
    });
}

bool Template::takes_whole() const {
    return any_command(*program_, [](const Command& command) {
        const bool calls = command.operands.front().kind == Operand::Kind::function;
        return calls && std::ranges::any_of(command.operands, [](const Operand& operand) {
                   return operand.kind == Operand::Kind::dot && operand.fields.empty();
               });
    });
}

}  // namespace tare::cli
