#pragma once

// Who a process is and what it may do: ids, groups, capabilities, limits, flags of prctl(2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "posix/fd.h"

namespace tare::posix {

/// Bit n is capability n (linux/capability.h).
using CapabilityMask = std::uint64_t;

/// "CAP_CHOWN" (any case) as its number; nothing for an unknown name.
std::optional<unsigned> capability_number(std::string_view name);
/// "CAP_CHOWN"; empty for a number that this program has no name for.
std::string capability_name(unsigned number);
/// The highest capability that this kernel knows.
unsigned last_capability();

/// What this process and its children can have at most (PR_CAPBSET_READ).
CapabilityMask bounding_set();

struct CapabilityMasks {
    CapabilityMask bounding = 0;
    CapabilityMask effective = 0;
    CapabilityMask permitted = 0;
    CapabilityMask inheritable = 0;
    CapabilityMask ambient = 0;
};
/// Drops from the bounding set what is not in the mask; needs CAP_SETPCAP, so it comes first.
Result<> limit_bounding_set(CapabilityMask bounding);
/// Sets effective, permitted and inheritable, then ambient.
Result<> set_capabilities(const CapabilityMasks& masks);

/// Whether permitted capabilities survive the change from uid 0 to another (PR_SET_KEEPCAPS).
Result<> keep_capabilities(bool keep);
Result<> set_groups(const std::vector<gid_t>& groups);
/// Real, effective and saved id.
Result<> set_group_id(gid_t gid);
Result<> set_user_id(uid_t uid);
uid_t effective_user();
gid_t effective_group();

Result<> set_no_new_privileges();
/// Not dumpable: others, also those of the same user, can neither trace this process nor reach its
/// descriptors through /proc (security rule R5).
Result<> set_dumpable(bool dumpable);
Result<> set_child_subreaper();
Result<> set_parent_death_signal(int signal);
mode_t set_umask(mode_t mask);
Result<> new_session();
/// A session keyring of its own, so that the caller's keys stay out of reach.
Result<> join_new_session_keyring();

/// "RLIMIT_NOFILE" as the kernel's number; nothing for an unknown name.
std::optional<int> rlimit_number(std::string_view name);
/// Of the process `pid`, 0 for the caller.
Result<> set_rlimit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard);
/// How far the caller may raise its own limit without rights.
Result<std::uint64_t> hard_rlimit(int resource);

/// Replaces the program; returns only if that fails. Arrays end in nullptr.
Error execute(const char* program, char* const* argv, char* const* env);
/// The same for an open file.
Error execute_descriptor(int fd, char* const* argv, char* const* env);
/// Ends the process at once, no destructors.
[[noreturn]] void exit_now(int code);

}  // namespace tare::posix
