#include <cmath>

#include "device/kernels/check.h"
#include "device/kernels/norm/norm_impl.h"

namespace hone::kernels::portable {
namespace {

// Calls f with every row of group g of outer index o: `size` elements at offset `at`.
template <class F>
void each_row(const NormParams& p, int64_t o, int64_t g, F&& f) {
  for (int64_t r = 0; r < p.rows; ++r) f(((o * p.rows + r) * p.groups + g) * p.size);
}

void normalise(const RunArgs& args, const NormParams& p, int64_t o, int64_t g) {
  const float* x = norm_in(args, p, 0);
  const double count = static_cast<double>(p.rows) * static_cast<double>(p.size);
  double sum = 0, squares = 0;
  if (p.centre) {
    each_row(p, o, g, [&](int64_t at) {
      for (int64_t i = at; i < at + p.size; ++i) sum += static_cast<double>(x[i]);
    });
  }
  const double mean = sum / count;
  each_row(p, o, g, [&](int64_t at) {
    for (int64_t i = at; i < at + p.size; ++i) {
      double d = static_cast<double>(x[i]) - mean;
      squares += d * d;
    }
  });
  const double inverse = 1 / std::sqrt(squares / count + static_cast<double>(p.epsilon));
  const float m = static_cast<float>(mean), factor = static_cast<float>(inverse);
  const float *scale = norm_in(args, p, 1), *bias = norm_in(args, p, 2);
  float* y = norm_out(args, p, 0);
  each_row(p, o, g, [&](int64_t at) {
    for (int64_t i = 0; i < p.size; ++i) {
      float v = static_cast<float>((static_cast<double>(x[at + i]) - mean) * inverse);
      if (scale) v *= scale[g * p.size + i];
      y[at + i] = bias ? v + bias[g * p.size + i] : v;
    }
  });
  if (float* out = norm_out(args, p, 1)) out[o * p.groups + g] = m;
  if (float* out = norm_out(args, p, 2)) out[o * p.groups + g] = factor;
}

}  // namespace

void norm_f32(const RunArgs& args) {
  auto& p = *static_cast<const NormParams*>(args.params);
  if (p.rows == 1) {
    int64_t end = min_of(args.end * p.per_unit, p.outer * p.groups);
    for (int64_t i = args.begin * p.per_unit; i < end; ++i) {
      normalise(args, p, i / p.groups, i % p.groups);
    }
    return;
  }
  for (int64_t u = args.begin; u < args.end; ++u) {
    int64_t o = u / p.units_across, g = u % p.units_across * p.per_unit;
    for (int64_t end = min_of(g + p.per_unit, p.groups); g < end; ++g) normalise(args, p, o, g);
  }
}

}  // namespace hone::kernels::portable
