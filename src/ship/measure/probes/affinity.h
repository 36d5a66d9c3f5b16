// The CPUs this thread may run on.
#pragma once

#include <vector>

namespace hone::ship {

// In order; {0} where the system does not tell.
std::vector<int> allowed_cpus();

}  // namespace hone::ship
