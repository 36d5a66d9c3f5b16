#include <cmath>

#include "device/kernels/sample/sample_impl.h"
#include "device/kernels/simd/scalar_taps.h"

namespace hone::kernels {

namespace {

// A place that no axis has; exact in double, and its neighbours too.
constexpr double far_away = -1e15;

double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const double beyond = x < low ? low - x : x - high;
  const double turns = std::floor(beyond / range), rest = beyond - turns * range;
  const bool from_low = (x < low) == (std::fmod(turns, 2) == 0);
  return from_low ? low + rest : high - rest;
}

// Positions along one axis and their weights; a position of -1 is padding.
struct AxisTaps {
  int64_t at[4];
  double weight[4];
};

struct Axis {
  const SampleParams& p;
  int64_t size;
  double low, high;

  Axis(const SampleParams& params, int64_t n)
      : p(params),
        size(n),
        low(params.align ? 0 : -0.5),
        high(static_cast<double>(n) - (params.align ? 1 : 0.5)) {}

  int64_t inside(int64_t i) const {
    if (i >= 0 && i < size) return i;
    if (p.padding == SamplePadding::zeros) return -1;
    if (p.padding == SamplePadding::border) return i < 0 ? 0 : size - 1;
    const auto r = static_cast<int64_t>(reflect(static_cast<double>(i), low, high));
    return r < 0 ? 0 : r < size ? r : size - 1;
  }

  double place(double given) const {
    const auto n = static_cast<double>(size);
    const double exact = p.align ? (given + 1) / 2 * (n - 1) : ((given + 1) * n - 1) / 2;
    double x = static_cast<float>(exact);
    if (p.mode == SampleMode::nearest) x = std::nearbyint(x);
    if (x < low || x > high) {
      // A cubic reads past the border from where it is, as PyTorch's and ONNX Runtime's do.
      if (p.padding == SamplePadding::border && p.mode != SampleMode::cubic) {
        x = x < 0 ? 0 : x > n - 1 ? n - 1 : x;
      }
      if (p.padding == SamplePadding::reflection) x = reflect(x, low, high);
    }
    return std::fabs(x) < -far_away ? x : far_away;  // NaN too
  }

  int taps(double given, AxisTaps* t) const {
    const double x = place(given), floor = std::floor(x), d = x - floor;
    const auto first = static_cast<int64_t>(floor);
    if (p.mode == SampleMode::nearest) {
      *t = {{inside(static_cast<int64_t>(x))}, {1}};
      return 1;
    }
    if (p.mode == SampleMode::linear) {
      *t = {{inside(first), inside(first + 1)}, {1 - d, d}};
      return 2;
    }
    // Keys' cubic convolution with a = -0.75, for distances up to 1 and from 1 to 2.
    auto inner = [](double v) { return (1.25 * v - 2.25) * v * v + 1; };
    auto outer = [](double v) { return ((-0.75 * v + 3.75) * v - 6) * v + 3; };
    *t = {{inside(first - 1), inside(first), inside(first + 1), inside(first + 2)},
          {outer(1 + d), inner(d), inner(1 - d), outer(2 - d)}};
    return 4;
  }
};

}  // namespace

int sample_taps(const SampleParams& p, const float* at, Tap* taps) {
  int count = 1;
  double weights[max_taps] = {1};
  taps[0] = {0, 1};
  for (int d = 0; d < p.axes; ++d) {
    AxisTaps t;
    const int n = Axis(p, p.size[d]).taps(static_cast<double>(at[p.axes - 1 - d]), &t);
    for (int i = count * n - 1; i >= 0; --i) {  // from the end: in place
      const int64_t from = taps[i / n].at, own = t.at[i % n];
      taps[i].at = from < 0 || own < 0 ? -1 : from + own * p.stride[d];
      weights[i] = weights[i / n] * t.weight[i % n];
    }
    count *= n;
  }
  for (int i = 0; i < count; ++i) taps[i].weight = static_cast<float>(weights[i]);
  return count;
}

namespace portable {
void sample_f32(const RunArgs& args) { sample_units(args, add_taps); }
}  // namespace portable

}  // namespace hone::kernels
