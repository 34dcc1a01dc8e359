#include "posix/memory.h"

#include <cstdint>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// The linker's: where the program's file begins and where its code ends, all of it mapped read-only.
extern "C" const char __executable_start;
extern "C" const char etext;

namespace tare::posix {

void release_idle_memory() {
    ::malloc_trim(0);
    auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start);
    auto end = reinterpret_cast<std::uintptr_t>(&etext) & ~(page - 1);
    // The pages are clean and belong to the file, so nothing can be lost; a failure keeps them.
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace tare::posix
