#pragma once

// The one logger: key=value lines (logfmt), one an event.
//
//     log::info("container started", {{"container", id}, {"pid", cat(pid)}});
//
// The sink and the level are the program's; both are set once in main, before threads start.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tare {
class Error;
}

namespace tare::log {

enum class Level { debug, info, warning, error };

using Field = std::pair<std::string_view, std::string_view>;
using Fields = std::initializer_list<Field>;

/// Receives whole lines, without the newline. The default writes to standard error.
using Sink = void (*)(std::string_view line);

void set_level(Level level);
void set_sink(Sink sink);
bool is_enabled(Level level);

void write(Level level, std::string_view message, Fields fields);
inline void debug(std::string_view message, Fields fields = {}) {
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
    write(Level::info, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
    write(Level::warning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
    write(Level::error, message, fields);
}
/// A failure that ends here (it was not returned further).
void failure(std::string_view message, const Error& error, Level level = Level::error);

}  // namespace tare::log
