#include "run/cgroup/oom.h"

#include <fcntl.h>

#include "posix/file.h"
#include "posix/watch.h"

namespace tare::cgroup {

namespace {

/// "key value" lines.
std::uint64_t value_in(std::string_view text, std::string_view key) {
    for (auto line : split(text, '\n')) {
        auto words = split_words(line);
        if (words.size() == 2 && words[0] == key) return parse_integer<std::uint64_t>(words[1]).value_or(0);
    }
    return 0;
}

std::uint64_t kills_in(const std::string& file) {
    return value_in(posix::read_file(file, 4096).value_or(""), "oom_kill");
}

std::string events_file_of(const Cgroup& group) {
    std::string directory = group.directory_of("memory");
    for (auto name : {"/memory.events", "/memory.oom_control"})
        if (!directory.empty() && posix::exists(directory + name)) return directory + name;
    return {};
}

}  // namespace

std::uint64_t oom_kill_count(const Cgroup& group) {
    std::string file = events_file_of(group);
    return file.empty() ? 0 : kills_in(file);
}

Result<OomWatch> OomWatch::open(const Cgroup& group) {
    OomWatch watch;
    watch.events_file_ = events_file_of(group);
    if (watch.events_file_.empty())
        return fail(ErrorKind::failed_precondition, "watch for out of memory: no memory controller");
    watch.is_v2_ = watch.events_file_.ends_with("memory.events");
    if (watch.is_v2_) {
        watch.watch_ = TRY(posix::watch_file(watch.events_file_));
    } else {
        watch.watch_ = TRY(posix::make_event());
        watch.control_ = TRY(posix::open_file(watch.events_file_, O_RDONLY));
        TRY(posix::write_knob(group.directory_of("memory") + "/cgroup.event_control",
                              cat(watch.watch_.get(), " ", watch.control_.get())));
    }
    watch.seen_ = kills_in(watch.events_file_);
    return watch;
}

Result<std::uint64_t> OomWatch::take_kills() {
    if (is_v2_)
        TRY(posix::drain_watch(watch_.get()));
    else
        TRY(posix::drain_event(watch_.get()));
    std::uint64_t now = kills_in(events_file_);
    std::uint64_t fresh = now > seen_ ? now - seen_ : 0;
    seen_ = now;
    return fresh;
}

}  // namespace tare::cgroup
