#include "run/runtime/mount_options.h"

#include <algorithm>
#include <array>

namespace tare::runtime {

namespace {

namespace attribute = posix::mount_attribute;

struct AttributeOption {
    std::string_view name;
    std::uint64_t bits;
    bool is_set;
};
constexpr std::array kAttributes = {
    AttributeOption{"ro", attribute::read_only, true},
    AttributeOption{"rw", attribute::read_only, false},
    AttributeOption{"nosuid", attribute::nosuid, true},
    AttributeOption{"suid", attribute::nosuid, false},
    AttributeOption{"nodev", attribute::nodev, true},
    AttributeOption{"dev", attribute::nodev, false},
    AttributeOption{"noexec", attribute::noexec, true},
    AttributeOption{"exec", attribute::noexec, false},
    AttributeOption{"noatime", attribute::noatime, true},
    AttributeOption{"atime", attribute::noatime, false},
    AttributeOption{"strictatime", attribute::strictatime, true},
    AttributeOption{"nostrictatime", attribute::strictatime, false},
    AttributeOption{"relatime", attribute::atime_mask, false},
    AttributeOption{"norelatime", attribute::atime_mask, false},
    AttributeOption{"nodiratime", attribute::nodiratime, true},
    AttributeOption{"diratime", attribute::nodiratime, false},
    AttributeOption{"nosymfollow", attribute::nosymfollow, true},
    AttributeOption{"symfollow", attribute::nosymfollow, false},
};

struct PropagationOption {
    std::string_view name;
    posix::Propagation propagation;
    posix::Recursive recursive;
};
constexpr std::array kPropagations = {
    PropagationOption{"private", posix::Propagation::is_private, posix::Recursive::no},
    PropagationOption{"rprivate", posix::Propagation::is_private, posix::Recursive::yes},
    PropagationOption{"slave", posix::Propagation::slave, posix::Recursive::no},
    PropagationOption{"rslave", posix::Propagation::slave, posix::Recursive::yes},
    PropagationOption{"shared", posix::Propagation::shared, posix::Recursive::no},
    PropagationOption{"rshared", posix::Propagation::shared, posix::Recursive::yes},
    PropagationOption{"unbindable", posix::Propagation::unbindable, posix::Recursive::no},
    PropagationOption{"runbindable", posix::Propagation::unbindable, posix::Recursive::yes},
};

void apply(std::uint64_t& set, std::uint64_t& clear, const AttributeOption& option) {
    (option.is_set ? set : clear) |= option.bits;
    (option.is_set ? clear : set) &= ~option.bits;
}

bool apply_attribute(MountOptions& out, std::string_view name) {
    for (auto& option : kAttributes) {
        if (option.name == name) {
            apply(out.set, out.clear, option);
            return true;
        }
        // "rro", "rnosuid", …: the same for the whole tree.
        if (name.starts_with('r') && name.substr(1) == option.name) {
            apply(out.recursive_set, out.recursive_clear, option);
            return true;
        }
    }
    return false;
}

bool apply_propagation(MountOptions& out, std::string_view name) {
    for (auto& option : kPropagations)
        if (option.name == name) {
            out.propagation = option.propagation;
            out.propagation_recursive = option.recursive;
            return true;
        }
    return false;
}

}  // namespace

std::vector<std::string> known_mount_options() {
    std::vector<std::string> names = {"bind",     "rbind", "idmap",  "ridmap", "tmpcopyup",
                                      "defaults", "async", "silent", "loud"};
    for (auto& option : kPropagations)
        names.emplace_back(option.name);
    for (auto& option : kAttributes) {
        names.emplace_back(option.name);
        names.push_back(cat('r', option.name));
    }
    std::ranges::sort(names);
    return names;
}

MountOptions parse_mount_options(const std::vector<std::string>& options) {
    MountOptions out;
    for (auto& option : options) {
        if (option == "bind" || option == "rbind") {
            out.is_bind = true;
            if (option == "rbind") out.recursive = posix::Recursive::yes;
        } else if (option == "idmap" || option == "ridmap") {
            out.mapping = option == "ridmap" ? posix::Recursive::yes : posix::Recursive::no;
        } else if (option == "tmpcopyup") {
            out.copies_up = true;
        } else if (option.empty() || option == "defaults" || option == "async" || option == "silent" ||
                   option == "loud" || option.starts_with("x-")) {
            continue;
        } else if (!apply_propagation(out, option) && !apply_attribute(out, option)) {
            auto [key, value] = cut(option, '=');
            out.parameters.push_back({std::string(key), std::string(value.value_or("")), !value.has_value()});
        }
    }
    return out;
}

}  // namespace tare::runtime
