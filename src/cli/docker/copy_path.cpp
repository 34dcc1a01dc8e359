#include "cli/docker/copy_path.h"

#include "posix/path.h"

namespace tare::cli::docker {

namespace {

bool names_current(std::string_view path) {
    return path == "." || path.ends_with("/.");
}

}  // namespace

bool asserts_directory(std::string_view path) {
    return path.ends_with('/') || names_current(path);
}

std::string clean_copy_path(std::string_view path) {
    std::string clean = posix::clean_path(path);
    if (names_current(path)) return cat(clean, clean.ends_with('/') ? "." : "/.");
    if (path.ends_with('/') && !clean.ends_with('/')) clean += '/';
    return clean;
}

PathParts split_copy_path(std::string_view path) {
    std::string clean = posix::clean_path(path);
    if (names_current(path)) return {clean, "."};
    if (clean == "/") return {"/", "/"};
    std::size_t slash = clean.rfind('/');
    return {slash == 0 ? "/" : clean.substr(0, slash), clean.substr(slash + 1)};
}

CopyArgument parse_copy_argument(std::string_view argument) {
    auto [container, path] = cut(argument, ':');
    if (argument.starts_with('/') || !path || container.starts_with('.')) return {{}, std::string(argument)};
    return {std::string(container), std::string(*path)};
}

Result<CopyTarget> choose_target(const CopyInfo& source, const CopyInfo& destination) {
    if (destination.exists && destination.is_directory)
        return CopyTarget{destination.path, source.rebase_name};
    if (destination.exists && source.is_directory)
        return fail(ErrorKind::invalid_argument, "cannot copy directory");
    if (!destination.exists && !source.is_directory && asserts_directory(destination.path))
        return fail(ErrorKind::invalid_argument, "no such directory");
    auto [directory, base] = split_copy_path(destination.path);
    return CopyTarget{directory, base};
}

}  // namespace tare::cli::docker
