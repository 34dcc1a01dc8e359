#include "engine/container/log_reader.h"

#include <algorithm>

#include "engine/container/log_files.h"
#include "posix/watch.h"

namespace tare::container {

struct LogReader::State {
    LogQuery query;
    LogLines lines;
    posix::Fd watch;
    bool is_finished = false;

    bool wants(const LogEntry& entry) const {
        const bool is_error = entry.stream == LogEntry::Stream::standard_error;
        if (!(is_error ? query.standard_error : query.standard_output)) return false;
        return !query.since || entry.time >= *query.since;
    }
};

LogReader::LogReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogReader::LogReader(LogReader&&) noexcept = default;
LogReader& LogReader::operator=(LogReader&&) noexcept = default;
LogReader::~LogReader() = default;

Result<LogReader> LogReader::open(const std::string& path, const LogQuery& query) {
    posix::Fd watch;
    // Before the first look at the files, so that nothing written in between is missed. The directory's
    // events tell of new files too.
    if (query.follow)
        watch = TRY(posix::watch_directory(path.substr(0, std::max<std::size_t>(path.rfind('/'), 1))));
    LogLines lines = TRY_CONTEXT(LogLines::open(path, query.tail), "container log");
    return LogReader(
        std::make_unique<State>(State{.query = query, .lines = std::move(lines), .watch = std::move(watch)}));
}

Result<std::vector<LogEntry>> LogReader::next(std::size_t max_entries) {
    std::vector<LogEntry> entries;
    if (state_->is_finished) return entries;
    // First, so that what is written from here on makes it readable again.
    if (state_->watch) TRY(posix::drain_watch(state_->watch.get()));
    while (entries.size() < max_entries) {
        auto line = TRY_CONTEXT(state_->lines.next(), "container log");
        if (!line) {
            const bool is_late = state_->query.until && now() > *state_->query.until;
            state_->is_finished = !state_->query.follow || is_late;
            return entries;
        }
        auto entry = parse_log_line(*line);
        if (!entry) continue;
        if (state_->query.until && entry->time > *state_->query.until) {
            state_->is_finished = true;
            return entries;
        }
        if (state_->wants(*entry)) entries.push_back(std::move(*entry));
    }
    return entries;
}

int LogReader::descriptor() const {
    return state_->watch ? state_->watch.get() : -1;
}

void LogReader::stop_following() {
    state_->query.follow = false;
}

bool LogReader::is_finished() const {
    return state_->is_finished;
}

}  // namespace tare::container
