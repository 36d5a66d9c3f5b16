#include "ship/measure/closed.h"

namespace hone::ship {

Status run_closed(TimeSource& time, Workload& work, const Extent& extent, const OnSample& sample) {
  const int64_t start = time.now_ns();
  for (int64_t n = 0; time.now_ns() - start < extent.duration || n < extent.min_samples; ++n) {
    HONE_RETURN_IF_ERROR(work.prepare(n));
    HONE_ASSIGN(FrameTimes t, work.run(time));
    sample(sample_of(t, t.begin, start));
  }
  return {};
}

}  // namespace hone::ship
