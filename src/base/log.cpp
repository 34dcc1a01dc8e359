#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "base/text.h"

namespace tare::log {

namespace {

void write_to_stderr(std::string_view line) {
    // One call a line: lines of several threads do not mix.
    std::string whole = cat(line, '\n');
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

// The two mutable globals that a logger needs: set in main, read everywhere.
std::atomic<Level> current_level = Level::info;
std::atomic<Sink> current_sink = &write_to_stderr;

std::string_view name(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

std::string now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    tm parts{};
    gmtime_r(&time.tv_sec, &parts);
    char date[32];
    char whole[48];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(whole, sizeof whole, "%s.%03ldZ", date, time.tv_nsec / 1'000'000);
    return whole;
}

std::string value_of(std::string_view value) {
    bool plain = !value.empty();
    for (unsigned char c : value)
        plain = plain && c > ' ' && c != '"' && c != '=' && c != '\\' && c < 0x7F;
    return plain ? std::string(value) : quote(value);
}

}  // namespace

void set_level(Level level) {
    current_level = level;
}
void set_sink(Sink sink) {
    current_sink = sink;
}
bool is_enabled(Level level) {
    return level >= current_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, Fields fields) {
    if (!is_enabled(level)) return;
    std::string line = cat("time=", now(), " level=", name(level), " msg=", value_of(message));
    for (auto& [key, value] : fields)
        line.append(" ").append(key).append("=").append(value_of(value));
    current_sink.load()(line);
}

void failure(std::string_view message, const Error& error, Level level) {
    write(level, message, {{"kind", to_string(error.kind())}, {"error", error.message()}});
}

}  // namespace tare::log
