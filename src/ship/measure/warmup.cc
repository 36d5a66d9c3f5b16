#include "ship/measure/warmup.h"

#include <fmt/format.h>

#include <cmath>

#include "ship/measure/stats.h"

namespace hone::ship {

void SteadyTest::add(int64_t service, int64_t now) {
  if (!begin_) begin_ = now - service;
  window_.push_back(static_cast<double>(service));
  if (window_.size() < min_runs || now - *begin_ < min_ns) return;
  const double middle = median(window_);
  const double spread = middle > 0 ? robust_stddev(window_) / middle : 0;
  if (windows_ > 0) {
    change_ = before_ > 0 ? std::abs(middle - before_) / before_ : 0;
    steady_ = change_ <= median_change && spread <= variation && before_variation_ <= variation;
  }
  ++windows_;
  before_ = middle;
  before_variation_ = variation_ = spread;
  window_.clear();
  begin_ = now;
}

namespace {

std::string reason(const SteadyTest& test, int64_t runs, double seconds) {
  if (test.windows() < 2) {
    return fmt::format(
        "not known to be steady: only {} runs fitted into the {:.1f} s of warm-up; give a longer "
        "--max-warmup",
        runs, seconds);
  }
  const char* advice =
      "the machine is busy or its clock changes: stop other programs, pin a core (taskset -c 1), "
      "set the governor to performance";
  return fmt::format(
      "never steady in {:.1f} s of warm-up (medians of two windows {:.1f} % apart, limit 1 %; "
      "spread {:.1f} %, limit 2.5 %): {}",
      seconds, 100 * test.last_change(), 100 * test.last_variation(), advice);
}

}  // namespace

Result<WarmUp> warm_up(TimeSource& time, Workload& work, int64_t cap, int64_t period) {
  WarmUp w;
  SteadyTest test;
  std::vector<double> recent;
  const int64_t start = time.now_ns();
  int64_t now = start;
  while (now - start < cap && !test.steady()) {
    HONE_RETURN_IF_ERROR(work.prepare(w.runs));
    if (period > 0) time.sleep_until_ns(start + (w.runs + 1) * period);
    HONE_ASSIGN(FrameTimes t, work.run(time));
    now = time.now_ns();
    test.add(t.end - t.begin, now);
    recent.push_back(static_cast<double>(t.end - t.begin));
    if (recent.size() > 1000) recent.erase(recent.begin(), recent.begin() + 500);
    ++w.runs;
  }
  w.seconds = static_cast<double>(now - start) * 1e-9;
  w.steady = test.steady();
  w.typical_ns = static_cast<int64_t>(median(recent));
  if (!w.steady) w.why = reason(test, w.runs, w.seconds);
  return w;
}

}  // namespace hone::ship
