#include "ship/profile/layer_times.h"

#include <algorithm>

#include "device/platform/clock.h"
#include "ship/measure/inputs.h"
#include "ship/measure/stats.h"

namespace hone::ship {

namespace {

double us_since(uint64_t begin) {
  return static_cast<double>(platform::monotonic_ns() - begin) * 1e-3;
}

// Of two readings in a row, the second's time: what a step's time contains that is not the step's.
double time_the_clock() {
  std::vector<double> us(1001);
  for (double& t : us) t = us_since(platform::monotonic_ns());
  return quartiles(us).median;
}

Status failed(hone_context* c) { return internal(hone_context_error(c)); }

}  // namespace

Quartiles quartiles(std::span<const double> samples) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return {};
  return {quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)};
}

Result<LayerTimes> LayerTimes::start(Session& s, const std::vector<Dims>& shapes,
                                     double warm_up_s) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < s.inputs().size() && i < shapes.size(); ++i) {
    inputs.push_back(random_input(s.inputs()[i], shapes[i], i + 1));
    HONE_RETURN_IF_ERROR(s.set_shape_values(i, inputs[i]));
  }
  HONE_RETURN_IF_ERROR(s.bind(shapes));
  for (size_t i = 0; i < inputs.size(); ++i) HONE_RETURN_IF_ERROR(s.set_input(i, inputs[i]));
  LayerTimes t;
  t.session_ = &s;
  t.clock_us_ = time_the_clock();
  t.steps_us_.resize(static_cast<size_t>(s.engine().info().steps));
  const uint64_t begin = platform::monotonic_ns();
  for (int runs = 0; runs < 2 || us_since(begin) < warm_up_s * 1e6; ++runs) {
    HONE_RETURN_IF_ERROR(s.run());
  }
  return t;
}

Status LayerTimes::timed_run(double* us, std::vector<uint64_t>* ns) {
  hone_context* c = session_->context().get();
  if (hone_context_enable_timing(c, 1) != HONE_OK) return failed(c);
  HONE_RETURN_IF_ERROR(whole_run(us));
  const auto n = static_cast<int32_t>(ns->size());
  if (hone_context_step_times(c, ns->data(), n) != HONE_OK) return failed(c);
  hone_context_enable_timing(c, 0);
  return {};
}

Status LayerTimes::whole_run(double* us) {
  const uint64_t begin = platform::monotonic_ns();
  Status ran = session_->run();
  *us = us_since(begin) - clock_us_;
  return ran;
}

Status LayerTimes::add_runs() {
  double timed = 0, whole = 0;
  std::vector<uint64_t> ns(steps_us_.size());
  HONE_RETURN_IF_ERROR(timed_run(&timed, &ns));
  HONE_RETURN_IF_ERROR(whole_run(&whole));
  for (size_t i = 0; i < ns.size(); ++i) {
    steps_us_[i].push_back(std::max(static_cast<double>(ns[i]) * 1e-3 - clock_us_, 0.0));
  }
  timed_us_.push_back(timed);
  whole_us_.push_back(whole);
  return {};
}

Status LayerTimes::run_for(double seconds, int64_t least, int64_t most) {
  const uint64_t begin = platform::monotonic_ns();
  for (int64_t i = 0; i < most && (i < least || us_since(begin) < seconds * 1e6); ++i) {
    HONE_RETURN_IF_ERROR(add_runs());
  }
  return {};
}

}  // namespace hone::ship
