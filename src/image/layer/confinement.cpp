#include "image/layer/confinement.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>

#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/file_calls.h"
#include "posix/mount.h"
#include "posix/namespace.h"

namespace tare::layer {

namespace {

/// The program and its libraries have less than 200 MiB, a zstd window 128 MiB; the rest is what an archive
/// may make the reader remember.
constexpr std::uint64_t kMemoryBytes = std::uint64_t{2} << 30;
/// Two walks and a removal, each as deep as a path may be (TarLimits::depth).
constexpr std::uint64_t kDescriptors = 1024;

// The address space of a sanitizer's shadow is some terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_memory_limit = false;
#else
constexpr bool has_memory_limit = true;
#endif

constexpr std::string_view kRights[] = {"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                                        "CAP_FSETID", "CAP_MKNOD",        "CAP_SETFCAP"};

Result<> limit_resources() {
    auto limit = [](std::string_view name, std::uint64_t value) -> Result<> {
        return posix::set_rlimit(0, posix::rlimit_number(name).value(), value, value);
    };
    TRY(limit("RLIMIT_CORE", 0));
    TRY(limit("RLIMIT_NOFILE", kDescriptors));
    if (has_memory_limit) TRY(limit("RLIMIT_AS", kMemoryBytes));
    // A machine that does not let us is no reason to unpack nothing.
    if (auto score = posix::open_file("/proc/self/oom_score_adj", O_WRONLY))
        (void)posix::write_all(score->get(), "1000");
    return {};
}

/// A mount of the directory alone, attached nowhere yet. It is made before the namespace is left that the
/// descriptor belongs to.
Result<posix::Fd> make_root(int root) {
    using namespace posix::mount_attribute;
    constexpr std::uint64_t attributes = nosuid | nodev | noexec;
    if (root < 0) return posix::make_mount("tmpfs", "tmpfs", {}, attributes | read_only);
    posix::Fd clone = TRY(posix::clone_mount(root, posix::Recursive::no));
    TRY(posix::set_mount_attributes(clone.get(), attributes, 0, posix::Propagation::is_private,
                                    posix::Recursive::no));
    return clone;
}

Result<> enter(int mount) {
    TRY(posix::unshare_namespaces(posix::namespace_bit::mount));
    TRY(posix::set_root_propagation(posix::Propagation::is_private));
    posix::Fd top = TRY(posix::open_file("/", O_PATH | O_DIRECTORY));
    TRY(posix::attach_mount(mount, top.get()));
    auto pivoted = posix::pivot_to(mount);
    // The root of an initramfs cannot be let go of. Covered by the mount, with no descriptor that leads
    // there, and without the right to another chroot, it is as far away.
    if (!pivoted && pivoted.error().error_number() == EINVAL) {
        TRY(posix::change_directory(mount));
        TRY(posix::chroot_here());
        return posix::change_directory("/");
    }
    return pivoted;
}

Result<> drop_rights() {
    posix::CapabilityMask kept = 0;
    for (auto name : kRights)
        kept |= posix::CapabilityMask{1} << posix::capability_number(name).value();
    kept &= posix::bounding_set();
    TRY(posix::limit_bounding_set(kept));
    TRY(posix::set_groups({}));
    TRY(posix::set_capabilities({.bounding = kept, .effective = kept, .permitted = kept}));
    TRY(posix::set_dumpable(false));
    return posix::set_no_new_privileges();
}

}  // namespace

Result<posix::Fd> confine(posix::Fd root) {
    TRY(limit_resources());
    posix::set_umask(0);  // every mode is said
    posix::Fd mount = TRY(make_root(root.get()));
    root.reset();
    TRY(enter(mount.get()));
    posix::Fd top = TRY(posix::open_file("/", O_RDONLY | O_DIRECTORY));
    TRY(drop_rights());
    TRY(posix::restrict_to_file_calls());
    return top;
}

}  // namespace tare::layer
