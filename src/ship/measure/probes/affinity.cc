#include "ship/measure/probes/affinity.h"

#include <sched.h>
#include <unistd.h>

namespace hone::ship {

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  constexpr int most = 8192;  // NR_CPUS of the largest kernels built
  cpu_set_t* set = CPU_ALLOC(most);
  size_t bytes = CPU_ALLOC_SIZE(most);
  if (set == nullptr) return {0};
  if (sched_getaffinity(0, bytes, set) == 0) {
    for (int i = 0; i < most; ++i) {
      if (CPU_ISSET_S(i, bytes, set)) cpus.push_back(i);
    }
  }
  CPU_FREE(set);
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

}  // namespace hone::ship
