#include "posix/reexec.h"

#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "posix/credentials.h"
#include "posix/fd.h"
#include "posix/file.h"
#include "posix/mount.h"

namespace tare::posix {

namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool is_protected(int self) {
    if (::fcntl(self, F_GET_SEALS) == kSeals) return true;
    struct statvfs status{};
    return ::fstatvfs(self, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

/// The file alone on a read-only mount that nobody else can reach or remount.
Result<Fd> read_only_clone() {
    std::string path = TRY(read_link("/proc/self/exe"));
    Fd file = TRY(open_file(path, O_PATH));
    Fd clone = TRY(clone_mount(file.get(), Recursive::no));
    TRY(set_mount_attributes(clone.get(), mount_attribute::read_only, 0, Propagation::is_private,
                             Recursive::no));
    return clone;
}

Result<Fd> sealed_copy(int self) {
    Fd copy(::memfd_create("tare", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!copy) return last_error("create a memfd");
    struct stat status{};
    if (::fstat(self, &status) < 0) return last_error("stat the program");
    for (off_t sent = 0; sent < status.st_size;)
        if (::sendfile(copy.get(), self, &sent, static_cast<std::size_t>(status.st_size - sent)) <= 0)
            return last_error("copy the program");
    if (::fcntl(copy.get(), F_ADD_SEALS, kSeals) < 0) return last_error("seal the copy of the program");
    return copy;
}

}  // namespace

Result<> run_from_read_only_copy() {
    Fd self = TRY(open_file("/proc/self/exe", O_RDONLY));
    if (is_protected(self.get())) return {};
    auto program = read_only_clone();
    if (!program) program = sealed_copy(self.get());
    if (!program) return program.error();
    std::string arguments = TRY(read_file("/proc/self/cmdline", std::size_t{4} << 20));
    std::vector<char*> argv;
    for (std::size_t at = 0; at < arguments.size(); at += std::string_view(arguments.data() + at).size() + 1)
        argv.push_back(arguments.data() + at);
    argv.push_back(nullptr);
    return execute_descriptor(program->get(), argv.data(), environ);
}

}  // namespace tare::posix
