#include "cli/docker/detach_keys.h"

namespace tare::cli::docker {

Result<std::string> parse_detach_keys(std::string_view text) {
    std::string keys;
    for (std::string_view key : split(text, ',')) {
        constexpr std::string_view kControl = "ctrl-";
        std::string lower = to_lower(key);
        if (key.size() == 1) {
            keys += key;
            continue;
        }
        char letter =
            lower.size() == kControl.size() + 1 && lower.starts_with(kControl) ? lower.back() : '\0';
        constexpr std::string_view kMarks = "@abcdefghijklmnopqrstuvwxyz[\\]^_";
        std::size_t code = letter == '\0' ? std::string_view::npos : kMarks.find(letter);
        if (code == std::string_view::npos)
            return fail(ErrorKind::invalid_argument, "Unknown character: '", key, '\'');
        keys += static_cast<char>(code);
    }
    return keys;
}

DetachFilter::Output DetachFilter::feed(std::string_view bytes) {
    Output out;
    if (keys_.empty()) return {std::string(bytes), false};
    for (char c : bytes) {
        if (c == keys_[matched_]) {
            if (++matched_ == keys_.size()) {
                out.detached = true;
                return out;
            }
            continue;
        }
        out.bytes += keys_.substr(0, matched_);
        matched_ = 0;
        if (c == keys_[0] && keys_.size() > 1) {
            matched_ = 1;
        } else {
            out.bytes += c;
        }
    }
    return out;
}

}  // namespace tare::cli::docker
