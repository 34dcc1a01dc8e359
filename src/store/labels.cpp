#include "store/labels.h"

#include "base/json.h"

namespace tare::store {

namespace {
constexpr std::size_t kLabelLimitBytes = 4096;
constexpr std::size_t kNamespaceLimitBytes = 76;
}  // namespace

Result<> check_labels(const Labels& labels) {
    for (const auto& [key, value] : labels) {
        if (key.empty()) return fail(ErrorKind::invalid_argument, "label with an empty key");
        if (key.size() + value.size() > kLabelLimitBytes)
            return fail(ErrorKind::invalid_argument, "label ", quote(key.substr(0, 64)),
                        ": key and value take ", key.size() + value.size(), " bytes, at most ",
                        kLabelLimitBytes, " may be");
    }
    return {};
}

std::string to_text(const Labels& labels) {
    if (labels.empty()) return "{}";
    Json document = Json::object();
    for (const auto& [key, value] : labels)
        document.set(key, value);
    return dump(document);
}

Result<Labels> labels_of_text(std::string_view text) {
    Labels labels;
    if (text == "{}") return labels;
    auto document = parse_json(text, {.what = "labels"});
    if (!document) return fail(ErrorKind::data_loss, document.error().message());
    const auto* members = document->as_object();
    if (!members) return fail(ErrorKind::data_loss, "labels: expected an object");
    for (const auto& [key, value] : *members) {
        if (!value.is_string())
            return fail(ErrorKind::data_loss, "labels: ", quote(key), ": expected a string");
        labels.emplace(key, *value.as_string());
    }
    return labels;
}

void apply(const LabelChanges& changes, Labels& labels) {
    for (const auto& [key, value] : changes) {
        if (value)
            labels[key] = *value;
        else
            labels.erase(key);
    }
}

Result<> check_namespace(std::string_view name) {
    auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    bool is_valid =
        !name.empty() && name.size() <= kNamespaceLimitBytes && is_word(name.front()) && is_word(name.back());
    for (std::size_t i = 1; is_valid && i < name.size(); ++i)
        is_valid = is_word(name[i]) ||
                   (std::string_view("._-").find(name[i]) != std::string_view::npos && is_word(name[i - 1]));
    if (!is_valid)
        return fail(ErrorKind::invalid_argument, "namespace ", quote(name.substr(0, 128)),
                    ": expected letters and digits with single '.', '_' or '-' between them, at most ",
                    kNamespaceLimitBytes, " characters");
    return {};
}

}  // namespace tare::store
