// Memory made present before it is needed, so that the first run does not wait for the system to
// find pages. All of it is advice: systems without the calls do as much as portable code can.
#pragma once

#include <cstddef>

namespace hone::platform {

// Every page of writable memory present, its contents kept; large pages where whole ones fit into
// it and the system has them for those who ask. Not safe beside other threads that write there.
void populate(void* memory, size_t bytes);

// Every page of a read-only mapping present. Does nothing where the system has no call for it.
void populate_mapping(const void* memory, size_t bytes);

}  // namespace hone::platform
