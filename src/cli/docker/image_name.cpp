#include "cli/docker/image_name.h"

#include "base/digest.h"

namespace tare::cli::docker {

namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > 128 || !is_word(tag[0])) return false;
    for (char c : tag)
        if (!is_word(c) && c != '.' && c != '-') return false;
    return true;
}

bool has_domain(std::string_view repository) {
    auto [first, rest] = cut(repository, '/');
    return rest && (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
}

// Lower-case words joined by '.', '_', '__' or dashes.
bool is_path_component(std::string_view component) {
    bool after_mark = true;
    for (std::size_t i = 0; i < component.size(); ++i) {
        char c = component[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_letter) {
            after_mark = false;
        } else if (c == '_' && component.substr(i, 2) == "__" && !after_mark) {
            ++i;
            after_mark = true;
        } else if (c == '-' ? (i == 0) : ((c != '.' && c != '_') || after_mark)) {
            return false;
        } else {
            after_mark = true;
        }
    }
    return !component.empty() && !after_mark;
}

Error invalid_reference() {
    return fail(ErrorKind::invalid_argument, "invalid reference format");
}

}  // namespace

std::string ImageName::with_default_tag() const {
    std::string out = repository;
    if (!tag.empty() || digest.empty()) out += cat(':', tag.empty() ? "latest" : tag);
    if (!digest.empty()) out += cat('@', digest);
    return out;
}

Result<ImageName> parse_image_name(std::string_view text) {
    ImageName name;
    auto [front, digest] = cut(text, '@');
    if (digest) {
        if (!Digest::parse(*digest)) return invalid_reference();
        name.digest = *digest;
    }
    std::size_t colon = front.rfind(':');
    if (colon != std::string_view::npos && front.find('/', colon) == std::string_view::npos) {
        name.tag = front.substr(colon + 1);
        if (!is_tag(name.tag)) return invalid_reference();
        front = front.substr(0, colon);
    }
    std::string_view path = front;
    if (has_domain(front)) path = *cut(front, '/').after;
    for (std::string_view component : split(path, '/')) {
        if (is_path_component(component)) continue;
        if (is_path_component(to_lower(component)))
            return fail(
                ErrorKind::invalid_argument, "invalid reference format: repository name (",
                path.find('/') == std::string_view::npos && path.size() == front.size() ? "library/" : "",
                path, ") must be lowercase");
        return invalid_reference();
    }
    name.repository = front;
    return name;
}

std::string familiar_repository(std::string_view repository) {
    constexpr std::string_view kHub = "docker.io/";
    constexpr std::string_view kLibrary = "library/";
    if (!repository.starts_with(kHub)) return std::string(repository);
    repository.remove_prefix(kHub.size());
    std::string_view rest = repository.substr(std::min(kLibrary.size(), repository.size()));
    bool is_official = repository.starts_with(kLibrary) && rest.find('/') == std::string_view::npos;
    return std::string(is_official ? rest : repository);
}

std::string registry_of(std::string_view repository) {
    if (!has_domain(repository)) return "docker.io";
    std::string domain(cut(repository, '/').before);
    return domain == "index.docker.io" ? "docker.io" : domain;
}

}  // namespace tare::cli::docker
