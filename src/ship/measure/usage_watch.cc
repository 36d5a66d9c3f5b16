#include "ship/measure/usage_watch.h"

#include <sys/resource.h>

namespace hone::ship {

uint8_t UsageWatch::since_last() {
  rusage u{};
  if (getrusage(RUSAGE_SELF, &u) != 0) return 0;
  uint8_t bits = 0;
  if (u.ru_minflt != minor_) bits |= page_fault;
  if (u.ru_majflt != major_) bits |= major_fault;
  if (u.ru_nivcsw != switches_) bits |= preempted;
  minor_ = u.ru_minflt, major_ = u.ru_majflt, switches_ = u.ru_nivcsw;
  return bits;
}

}  // namespace hone::ship
