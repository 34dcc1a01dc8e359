#include "api/docker/progress_writer.h"

#include <algorithm>

namespace tare::docker {

namespace {

constexpr std::size_t kBarWidth = 50;

// "[=====>        ]  1.2MB/3.4MB"
std::string bar(std::uint64_t current, std::uint64_t total) {
    auto filled = std::min<std::size_t>(
        kBarWidth, static_cast<std::size_t>(static_cast<double>(current) / static_cast<double>(total) * 50));
    auto padded = [](const std::string& text) {
        return text.size() < 8 ? std::string(8 - text.size(), ' ') + text : text;
    };
    return cat('[', std::string(filled, '='), ">", std::string(kBarWidth - filled, ' '), "] ",
               padded(human_size(static_cast<double>(current))), '/', human_size(static_cast<double>(total)));
}

}  // namespace

Json progress_document(const transfer::Progress& line) {
    Json document = Json::object().set("status", line.status);
    if (line.total_bytes > 0) {
        document.set("progressDetail",
                     Json::object().set("current", line.current_bytes).set("total", line.total_bytes));
        document.set("progress", bar(line.current_bytes, line.total_bytes));
    } else if (!line.id.empty() && !line.status.starts_with("Pulling from")) {
        document.set("progressDetail", Json::object());
    }
    if (!line.id.empty()) document.set("id", line.id);
    return document;
}

void ProgressWriter::progress(const transfer::Progress& line) {
    // That an image is asked for is said before the registry has answered; a refusal is then still an
    // answer with a status of its own.
    if (!has_begun_ && line.status.starts_with("Pulling from")) {
        held_.push_back(progress_document(line));
        return;
    }
    write(progress_document(line));
}

void ProgressWriter::write(const Json& line) {
    std::vector<Json> before = std::move(held_);
    held_.clear();
    for (const Json& held : before)
        send(held);
    send(line);
}

void ProgressWriter::send(const Json& line) {
    has_begun_ = true;
    // A client that has gone cancels the work by its token; there is nobody to tell.
    (void)sink_.write(cat(dump(line), "\r\n"));
    (void)sink_.flush();
}

Result<> ProgressWriter::finish(const Result<>& outcome) {
    if (!outcome) {
        if (!has_begun_) return outcome.error();
        std::string message = outcome.error().message();
        write(
            Json::object().set("errorDetail", Json::object().set("message", message)).set("error", message));
    }
    for (const Json& held : held_)
        send(held);
    return sink_.finish();
}

}  // namespace tare::docker
