#include "ship/measure/rate.h"

#include <algorithm>
#include <cmath>

namespace hone::ship {

namespace {

class Stream {
 public:
  Stream(TimeSource& time, Workload& work, const Extent& extent, const RateOptions& o,
         const OnSample& sample)
      : time_(time), work_(work), extent_(extent), o_(o), sample_(sample) {
    c_.period_ns = 1e9 / o.per_second;
    planned_ = std::max(extent.min_samples,
                        static_cast<int64_t>(std::llround(
                            o.per_second * static_cast<double>(extent.duration) * 1e-9)));
  }

  Result<RateCount> run() {
    // The first frame is one period ahead, so that it is ready when it is due.
    start_ = time_.now_ns() + static_cast<int64_t>(c_.period_ns);
    const auto length = static_cast<double>(std::max(extent_.duration, due(planned_) - start_));
    const int64_t last = start_ + static_cast<int64_t>(give_up_factor * length);
    for (int64_t i = 0; more(i); ++i) {
      if (!o_.drop && served_ >= extent_.min_samples && time_.now_ns() > last) {
        c_.gave_up = true;
        skip(planned_ - i);
        break;
      }
      i = newest(i);
      HONE_RETURN_IF_ERROR(work_.prepare(i));
      time_.sleep_until_ns(due(i));
      HONE_ASSIGN(FrameTimes t, work_.run(time_));
      serve(sample_of(t, due(i), start_));
    }
    return c_;
  }

 private:
  int64_t due(int64_t i) const {
    return start_ + static_cast<int64_t>(std::llround(static_cast<double>(i) * c_.period_ns));
  }

  bool more(int64_t i) {
    if (i < planned_) return true;
    if (served_ >= extent_.min_samples) return false;
    planned_ = (o_.drop ? std::max(i, newest_due()) : i) + 1;
    return true;
  }

  int64_t newest_due() {
    const auto waited = static_cast<double>(time_.now_ns() - start_);
    return static_cast<int64_t>(std::floor(waited / c_.period_ns));
  }

  // The frame to take where i is the next: with `drop` the newest that is due.
  int64_t newest(int64_t i) {
    if (!o_.drop) return i;
    const int64_t take = std::clamp(newest_due(), i, planned_ - 1);
    skip(take - i);
    return take;
  }

  void skip(int64_t frames) {
    c_.skipped += frames;
    c_.scheduled += frames;
    for (int64_t k = 0; k < frames; ++k) miss(true);
  }

  void serve(const Sample& s) {
    ++served_;
    ++c_.scheduled;
    miss(static_cast<double>(s.latency) > c_.period_ns);
    sample_(s);
  }

  void miss(bool missed) {
    streak_ = missed ? streak_ + 1 : 0;
    c_.misses += missed ? 1 : 0;
    c_.longest_streak = std::max(c_.longest_streak, streak_);
  }

  TimeSource& time_;
  Workload& work_;
  const Extent& extent_;
  const RateOptions& o_;
  const OnSample& sample_;
  RateCount c_;
  int64_t planned_ = 0, start_ = 0, served_ = 0, streak_ = 0;
};

}  // namespace

Result<RateCount> run_rate(TimeSource& time, Workload& work, const Extent& extent,
                           const RateOptions& options, const OnSample& sample) {
  return Stream(time, work, extent, options, sample).run();
}

}  // namespace hone::ship
