#pragma once

namespace tare::posix {

/// Gives back what a program that has done its work and now waits does not need: free memory of the heap,
/// and the mapping of its own code and libraries, of which the pages that are used again come back from the
/// page cache one fault each. May be called while other threads run.
void release_idle_memory();

}  // namespace tare::posix
