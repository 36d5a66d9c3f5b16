#include "ship/measure/overhead.h"

#include <algorithm>

#include "ship/measure/rate.h"
#include "ship/measure/record.h"
#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

class Nothing : public Workload {
 public:
  Status prepare(int64_t) override { return {}; }
  Result<FrameTimes> run(TimeSource& time) override {
    FrameTimes t;
    t.begin = t.preprocessed = time.now_ns();
    t.inferred = t.end = time.now_ns();
    return t;
  }
};

double quantile_us(std::vector<int64_t> ns, double p) {
  std::vector<double> us;
  for (int64_t v : ns) us.push_back(static_cast<double>(v) * 1e-3);
  std::sort(us.begin(), us.end());
  return us.empty() ? 0 : quantile(us, p);
}

}  // namespace

Overhead measure_overhead(TimeSource& time, bool paced) {
  Overhead o;
  Nothing nothing;
  Record record;
  record.expect(2000);
  // A workload that does nothing has no errors.
  (void)run_closed(time, nothing, {0, 2000}, [&](const Sample& s) { record.add(s); });
  o.frame_us = quantile_us(record.latency(), 0.5);
  o.frame_p99_us = quantile_us(record.latency(), 0.99);
  std::vector<int64_t> between;
  for (size_t i = 1; i < record.at().size(); ++i)
    between.push_back(record.at()[i] - record.at()[i - 1] - record.latency()[i - 1]);
  o.between_us = quantile_us(std::move(between), 0.5);
  if (!paced) return o;
  o.paced = true;
  std::vector<int64_t> waits;
  (void)run_rate(time, nothing, {50'000'000, 11}, {1000, false},
                 [&](const Sample& s) { waits.push_back(s.wait); });
  o.wake_us = quantile_us(waits, 0.5);
  o.wake_p99_us = quantile_us(std::move(waits), 0.99);
  return o;
}

nlohmann::json to_json(const Overhead& o) {
  nlohmann::json j = {
      {"frame", o.frame_us}, {"frame_p99", o.frame_p99_us}, {"between", o.between_us}};
  if (o.paced) j["wake"] = o.wake_us, j["wake_p99"] = o.wake_p99_us;
  return j;
}

}  // namespace hone::ship
