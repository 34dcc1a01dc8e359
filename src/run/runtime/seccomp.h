#pragma once

// linux.seccomp as a filter in the kernel, through libseccomp.

#include "oci/runtime_spec.h"

namespace tare::runtime {

/// Installs the filter for the calling thread and all it becomes. System calls that libseccomp does not
/// know are passed over; an unknown action, operator or architecture is an error, never a weaker filter.
/// Without no_new_privs it needs CAP_SYS_ADMIN.
Result<> install_seccomp(const oci::Seccomp& seccomp);

}  // namespace tare::runtime
