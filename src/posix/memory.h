#pragma once

namespace tare::posix {

/// Gives back what a program that has done its work and now waits does not need: free memory of the heap,
/// and the mapping of its own code, of which the pages that are used again come back from the page cache
/// one fault each. For programs of which there is one a container.
void release_idle_memory();

}  // namespace tare::posix
