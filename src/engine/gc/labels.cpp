#include "engine/gc/labels.h"

#include "base/text.h"

namespace tare::gc {

namespace {

constexpr std::string_view kPrefix = "containerd.io/gc.";

/// True if `text` is the word, alone or followed by '.' or '/' and what distinguishes several.
bool is_word(std::string_view text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    return text.size() == word.size() || text[word.size()] == '.' || text[word.size()] == '/';
}

/// "content.0" and a value as the node that they name; nothing for a kind that there is not.
std::optional<Node> target_of(std::string_view what, std::string_view name_space, std::string_view value) {
    if (is_word(what, "content")) return Node{Kind::content, std::string(name_space), std::string(value)};
    if (is_word(what, "image")) return Node{Kind::image, std::string(name_space), std::string(value)};
    if (is_word(what, "container")) return Node{Kind::container, std::string(name_space), std::string(value)};
    constexpr std::string_view snapshot = "snapshot.";
    if (!what.starts_with(snapshot)) return std::nullopt;
    auto snapshotter = cut(what.substr(snapshot.size()), '/').before;
    if (snapshotter.empty()) return std::nullopt;
    return Node{Kind::snapshot, "", cat(snapshotter, "/", value)};
}

}  // namespace

LabelMeaning read_labels(std::string_view name_space, const store::Labels& labels) {
    LabelMeaning meaning;
    for (const auto& [key, value] : labels) {
        std::string_view rest = key;
        if (!rest.starts_with(kPrefix)) continue;
        rest.remove_prefix(kPrefix.size());
        if (rest == "root") {
            meaning.is_root = true;
        } else if (rest == "flat") {
            meaning.is_flat = true;
        } else if (rest == "expire") {
            meaning.expires = parse_rfc3339(value);
        } else if (rest.starts_with("ref.")) {
            if (auto node = target_of(rest.substr(4), name_space, value)) meaning.to.push_back(*node);
        } else if (rest.starts_with("bref.")) {
            if (auto node = target_of(rest.substr(5), name_space, value)) meaning.from.push_back(*node);
        }
    }
    return meaning;
}

}  // namespace tare::gc
