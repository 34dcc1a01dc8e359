#include "posix/xattr.h"

#include <cerrno>

#include <sys/xattr.h>

#include "posix/fd.h"
#include "posix/path.h"
#include "posix/tree.h"

namespace tare::posix {

namespace {

/// The kernel has no setxattrat before 6.13. "/proc/self/fd/D/name" with the l… calls is the same:
/// the directory comes from the descriptor, and the last component is not followed.
Result<std::string> name_of(int directory, const std::string& entry) {
    TRY(expect_component(entry));
    return cat(descriptor_path(directory), "/", entry);
}

bool has_none(int error_number) {
    return error_number == ENODATA || error_number == EOPNOTSUPP;
}

using GetCall = ssize_t (*)(const char*, const char*, void*, std::size_t);
using ListCall = ssize_t (*)(const char*, char*, std::size_t);

Result<std::optional<std::string>> get_by(GetCall call, const std::string& path, const std::string& name) {
    std::string value(256, '\0');
    while (true) {
        ssize_t length = call(path.c_str(), name.c_str(), value.data(), value.size());
        if (length >= 0) {
            value.resize(static_cast<std::size_t>(length));
            return std::optional(std::move(value));
        }
        if (has_none(errno)) return std::optional<std::string>();
        if (errno != ERANGE || value.size() >= (std::size_t{1} << 20))
            return last_error("read extended attribute", cat(name, " of ", quote(path)));
        value.resize(value.size() * 8);
    }
}

Result<std::vector<Xattr>> list_by(ListCall list, GetCall get, const std::string& path) {
    std::string names(1024, '\0');
    ssize_t length = 0;
    while ((length = list(path.c_str(), names.data(), names.size())) < 0) {
        if (has_none(errno)) return std::vector<Xattr>();
        if (errno != ERANGE || names.size() >= (std::size_t{1} << 20))
            return last_error("list extended attributes of", quote(path));
        names.resize(names.size() * 8);
    }
    names.resize(static_cast<std::size_t>(length));
    std::vector<Xattr> attributes;
    for (auto name : split(names, '\0')) {
        if (name.empty()) continue;
        auto value = TRY(get_by(get, path, std::string(name)));
        if (value) attributes.push_back({std::string(name), std::move(*value)});
    }
    return attributes;
}

}  // namespace

Result<> set_xattr(int fd, const std::string& name, std::string_view value) {
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) < 0)
        return last_error("set extended attribute", quote(name));
    return {};
}

Result<> set_xattr_at(int directory, const std::string& entry, const std::string& name,
                      std::string_view value) {
    std::string path = TRY(name_of(directory, entry));
    if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) < 0)
        return last_error("set extended attribute", cat(quote(name), " of ", quote(entry)));
    return {};
}

Result<std::optional<std::string>> get_xattr_at(int directory, const std::string& entry,
                                                const std::string& name) {
    return get_by(::lgetxattr, TRY(name_of(directory, entry)), name);
}

Result<std::vector<Xattr>> list_xattrs_at(int directory, const std::string& entry) {
    return list_by(::llistxattr, ::lgetxattr, TRY(name_of(directory, entry)));
}

Result<> remove_xattr_at(int directory, const std::string& entry, const std::string& name) {
    std::string path = TRY(name_of(directory, entry));
    if (::lremovexattr(path.c_str(), name.c_str()) < 0 && !has_none(errno))
        return last_error("remove extended attribute", cat(quote(name), " of ", quote(entry)));
    return {};
}

Result<std::optional<std::string>> get_xattr(int fd, const std::string& name) {
    return get_by(::getxattr, descriptor_path(fd), name);
}

Result<std::vector<Xattr>> list_xattrs(int fd) {
    return list_by(::listxattr, ::getxattr, descriptor_path(fd));
}

}  // namespace tare::posix
