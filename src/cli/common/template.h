#pragma once

// Go's text/template over JSON documents, with the functions that the docker command adds: what
// `--format` takes.
//
//     Template format = TRY(Template::parse("{{.ID}}: {{.Labels | len}}"));
//     std::string line = TRY(format.execute(row));
//
// Actions: pipelines, variables, if/else if/else, with, range (lists, maps, numbers) with break and
// continue, define/template/block, comments, {{- trimming -}}.
// Functions: and or not len index slice print printf println html js urlquery eq ne lt le gt ge,
// json split join title lower upper pad truncate.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/common/go_format.h"

namespace tare::cli {

namespace template_detail {
struct Program;
}

/// What surrounds an execution. Borrowed by execute().
struct TemplateScope {
    /// `headers`: docker's functions hand their first argument through, for a table's header row.
    enum class Functions { values, headers };
    Functions functions = Functions::values;
    /// The type whose missing field is an error ("*formatter.ContainerContext"); empty for maps.
    std::string type_name;
    /// What a key that a map does not have comes to: inspect fails, events print "<no value>".
    enum class MissingKey { error, no_value };
    MissingKey missing_key = MissingKey::error;
    /// Tells maps from structs and gives absent members their zero values.
    ShapeOf shape_of = nullptr;
    /// Other spellings of a field's name (Go's field names beside those of JSON); "" for none.
    std::string_view (*alias_of)(std::string_view field) = nullptr;
    /// Methods of the top value (`.Label "x"`); nothing for names it does not have.
    std::function<std::optional<Value>(std::string_view name, std::span<const Value> arguments)> method;
};

/// A parsed template. Immutable; copies share the program.
class Template {
  public:
    /// invalid_argument in Go's wording ("template: :1: unclosed action").
    static Result<Template> parse(std::string_view text);

    /// The output for this data; invalid_argument in Go's wording on the first failure. What was
    /// produced up to there is left in `partial` if given (Go writes while it executes).
    Result<std::string> execute(const Json& data, const TemplateScope& scope = {},
                                std::string* partial = nullptr) const;

    /// True if the field of this name is read anywhere: lets a command ask only for what is shown.
    bool mentions(std::string_view field) const;
    /// True if any field that is read passes the test.
    bool mentions_any(bool (*test)(std::string_view field)) const;
    /// True if a function takes the whole value (`json .`).
    bool takes_whole() const;

  private:
    explicit Template(std::shared_ptr<const template_detail::Program> program)
        : program_(std::move(program)) {}
    std::shared_ptr<const template_detail::Program> program_;
};

}  // namespace tare::cli
