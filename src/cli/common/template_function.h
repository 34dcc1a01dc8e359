#pragma once

// The functions a template may call. Private to cli/common's template files.

#include <span>
#include <string_view>

#include "cli/common/go_format.h"
#include "cli/common/template.h"

namespace tare::cli::template_detail {

/// Go's truth: false, 0, "", nil and empty lists and maps are false, structs are true.
bool is_true(const Value& value, ShapeOf shape_of);

/// Calls a function with evaluated arguments; `and` and `or` are the executor's, since they
/// evaluate lazily. The error says only what went wrong, the executor says where.
Result<Value> call_function(std::string_view name, std::span<const Value> arguments,
                            const TemplateScope& scope);

}  // namespace tare::cli::template_detail
