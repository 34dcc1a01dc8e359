#include "cli/docker/json_lines.h"

namespace tare::cli::docker {

namespace {
constexpr std::size_t kMaxDocumentBytes = std::size_t{8} << 20;
}

Result<> JsonLines::feed(std::string_view bytes) {
    pending_ += bytes;
    std::size_t start = 0;
    for (; scanned_ < pending_.size(); ++scanned_) {
        char c = pending_[scanned_];
        if (in_string_) {
            if (escaped_) {
                escaped_ = false;
            } else if (c == '\\') {
                escaped_ = true;
            } else if (c == '"') {
                in_string_ = false;
            }
            continue;
        }
        if (c == '"') in_string_ = true;
        if (c == '{' || c == '[') ++depth_;
        if (c != '}' && c != ']') continue;
        if (--depth_ > 0) continue;
        depth_ = 0;
        std::string_view document = std::string_view(pending_).substr(start, scanned_ + 1 - start);
        start = scanned_ + 1;
        TRY(on_document_(TRY(parse_json(trim(document), {.what = "answer of the daemon"}))));
    }
    pending_.erase(0, start);
    scanned_ -= start;
    if (pending_.size() > kMaxDocumentBytes)
        return fail(ErrorKind::resource_exhausted, "answer of the daemon: a JSON document is larger than ",
                    kMaxDocumentBytes, " bytes");
    return {};
}

}  // namespace tare::cli::docker
