#pragma once

// Extended attributes by descriptor, and by (directory descriptor, one component) without following
// a link.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tare::posix {

/// One extended attribute; the value may hold any byte.
struct Xattr {
    std::string name;
    std::string value;

    bool operator==(const Xattr&) const = default;
};

/// fsetxattr(2): creates or replaces. `fd` is no O_PATH descriptor.
Result<> set_xattr(int fd, const std::string& name, std::string_view value);
/// The same for the entry `name` of `directory`; of a link, the link itself.
Result<> set_xattr_at(int directory, const std::string& entry, const std::string& name,
                      std::string_view value);
/// The value, absent if the entry has no such attribute or its file system has none at all.
Result<std::optional<std::string>> get_xattr_at(int directory, const std::string& entry,
                                                const std::string& name);
/// Every attribute of the entry that this process may see; none where the file system has none.
Result<std::vector<Xattr>> list_xattrs_at(int directory, const std::string& entry);
/// Removes the attribute; an absent one is success.
Result<> remove_xattr_at(int directory, const std::string& entry, const std::string& name);

/// The same of what a descriptor (O_PATH too) refers to.
Result<std::optional<std::string>> get_xattr(int fd, const std::string& name);
Result<std::vector<Xattr>> list_xattrs(int fd);

}  // namespace tare::posix
