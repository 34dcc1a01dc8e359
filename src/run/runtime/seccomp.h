#pragma once

// linux.seccomp as a filter in the kernel, through libseccomp.
//
//     auto filter = TRY(SeccompFilter::make(seccomp, cache_directory));   // in the parent: it may take 20 ms
//     …
//     TRY(filter.install(socket));                                       // in the child: one system call

#include <string>
#include <vector>

#include "oci/runtime_spec.h"
#include "posix/seccomp.h"

namespace tare::runtime {

class SeccompFilter {
  public:
    /// The filter that the section means. System calls that libseccomp does not know are passed over;
    /// an unknown action, operator, flag or architecture is an error (invalid_argument), never a weaker
    /// filter. Unless the default allows, calls younger than the youngest that the section names answer
    /// ENOSYS, so that a C library falls back to an older one (as runc does since 1.0.0-rc93).
    ///
    /// libseccomp takes longer to compile Docker's default profile than all the rest of a start takes.
    /// With a `cache_directory` the result is kept there for the next; it is used only if the caller
    /// owns the directory alone and the whole section is the same. "" keeps nothing.
    static Result<SeccompFilter> make(const oci::Seccomp& seccomp, const std::string& cache_directory = "");

    /// For the calling thread and all it becomes. Without no_new_privs it needs CAP_SYS_ADMIN.
    /// With a listener, tells the parent its number on `socket` (protocol.h) and waits for "go".
    Result<> install(int socket) const;

    /// Whether some calls are announced to the section's listener (SCMP_ACT_NOTIFY).
    bool has_listener() const { return has_listener_; }

    const std::vector<posix::SeccompInstruction>& program() const { return program_; }

  private:
    std::vector<posix::SeccompInstruction> program_;
    posix::SeccompFlags flags_;
    bool has_listener_ = false;
};

/// The names that a section may hold, and the version of the library that compiles it.
struct SeccompAbilities {
    std::vector<std::string_view> actions;
    std::vector<std::string_view> operators;
    std::vector<std::string_view> architectures;
    std::vector<std::string_view> flags;
    std::string library_version;
};
SeccompAbilities seccomp_abilities();

}  // namespace tare::runtime
