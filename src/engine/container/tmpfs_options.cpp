#include "engine/container/tmpfs_options.h"

#include <algorithm>
#include <array>

namespace tare::container {

namespace {

// Flags and what they are the opposite of.
constexpr auto kFlags =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"ro", "rw"},
                                                                  {"rw", "ro"},
                                                                  {"exec", "noexec"},
                                                                  {"noexec", "exec"},
                                                                  {"suid", "nosuid"},
                                                                  {"nosuid", "suid"},
                                                                  {"dev", "nodev"},
                                                                  {"nodev", "dev"},
                                                                  {"atime", "noatime"},
                                                                  {"noatime", "atime"},
                                                                  {"diratime", "nodiratime"},
                                                                  {"nodiratime", "diratime"},
                                                                  {"relatime", "norelatime"},
                                                                  {"norelatime", "relatime"},
                                                                  {"strictatime", "nostrictatime"},
                                                                  {"nostrictatime", "strictatime"},
                                                                  {"sync", "async"},
                                                                  {"async", "sync"},
                                                                  {"mand", "nomand"},
                                                                  {"nomand", "mand"},
                                                                  {"dirsync", ""},
                                                                  {"defaults", ""},
                                                                  {"private", ""},
                                                                  {"rprivate", ""},
                                                                  {"shared", ""},
                                                                  {"rshared", ""},
                                                                  {"slave", ""},
                                                                  {"rslave", ""},
                                                                  {"unbindable", ""},
                                                                  {"runbindable", ""}});

constexpr auto kKeys =
    std::to_array<std::string_view>({"mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol", "huge"});

void replace_key(Strings& merged, std::string_view key, const std::string& option) {
    std::erase_if(merged, [&](const std::string& other) { return cut(other, '=').before == key; });
    merged.push_back(option);
}

std::string octal(std::uint32_t mode) {
    std::string digits;
    for (std::uint32_t rest = mode; rest != 0; rest /= 8)
        digits.insert(digits.begin(), static_cast<char>('0' + rest % 8));
    return digits.empty() ? "0" : digits;
}

}  // namespace

Result<Strings> merge_tmpfs_options(const Strings& options) {
    Strings merged = {"noexec", "nosuid", "nodev"};
    for (const std::string& option : options) {
        if (option.empty()) continue;
        auto flag = std::ranges::find(kFlags, std::string_view(option),
                                      &std::pair<std::string_view, std::string_view>::first);
        const Cut parts = cut(option, '=');
        if (flag != kFlags.end()) {
            std::erase(merged, option);
            std::erase(merged, std::string(flag->second));
            merged.push_back(option);
        } else if (parts.after && std::ranges::find(kKeys, parts.before) != kKeys.end()) {
            replace_key(merged, parts.before, option);
        } else {
            return fail(ErrorKind::invalid_argument, "invalid tmpfs option [", quote(option), "]");
        }
    }
    return merged;
}

Strings tmpfs_options_of(const MountRequest& mount) {
    Strings options;
    if (mount.read_only) options.push_back("ro");
    if (mount.tmpfs_mode != 0) options.push_back(cat("mode=", octal(mount.tmpfs_mode)));
    if (mount.tmpfs_size_bytes != 0) options.push_back(cat("size=", mount.tmpfs_size_bytes));
    for (const Strings& option : mount.tmpfs_options)
        if (!option.empty())
            options.push_back(option.size() > 1 ? cat(option[0], "=", option[1]) : option[0]);
    return options;
}

}  // namespace tare::container
