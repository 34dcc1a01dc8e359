#pragma once

// Where this machine's cgroup hierarchies are mounted.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tare::cgroup {

/// v1: one hierarchy a controller (or pair). hybrid: v1 with a v2 hierarchy beside it. v2: one
/// hierarchy for all.
enum class Layout { v1, hybrid, v2 };

/// One mounted hierarchy.
struct Hierarchy {
    std::string mount_point;               ///< absolute
    std::vector<std::string> controllers;  ///< "cpu", "name=systemd"; empty for cgroup v2
    bool is_v2 = false;
    /// The calling process's own cgroup in it, from its mount point: "/" or "/user.slice/…".
    std::string own_path = "/";
};

/// All hierarchies of this mount namespace. A plain value: discover once, share at will.
class Hierarchies {
  public:
    /// Reads /proc/self/mountinfo and /proc/self/cgroup. not_found if no cgroup is mounted.
    static Result<Hierarchies> discover();
    /// The same from given texts, for tests.
    static Result<Hierarchies> parse(std::string_view mountinfo, std::string_view own_cgroups);

    Layout layout() const;
    const std::vector<Hierarchy>& all() const { return hierarchies_; }
    /// The v1 hierarchy that has this controller, nullptr if there is none.
    const Hierarchy* find_v1(std::string_view controller) const;
    /// The v2 hierarchy, nullptr if there is none.
    const Hierarchy* v2() const;

  private:
    std::vector<Hierarchy> hierarchies_;
};

}  // namespace tare::cgroup
