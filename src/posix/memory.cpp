#include "posix/memory.h"

#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tare::posix {

namespace {

/// The parts of a program or library that are never written to: clean pages of its file, so that nothing
/// can be lost. What the loader has relocated lies in writable parts.
int release_file_pages(dl_phdr_info* object, std::size_t /*size*/, void* /*data*/) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const auto& part = object->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = object->dlpi_addr + part.p_vaddr;
        const std::uintptr_t aligned = begin & ~(page - 1);
        // A failure keeps the pages. The object without a file (the vdso) has none to give.
        (void)::madvise(reinterpret_cast<void*>(aligned), begin + part.p_memsz - aligned, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void release_idle_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(&release_file_pages, nullptr);
}

}  // namespace tare::posix
