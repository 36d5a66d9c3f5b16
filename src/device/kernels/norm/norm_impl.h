// What norm.cc shares with the files that run.
#pragma once

#include "device/kernels/norm/norm.h"

namespace hone::kernels {

constexpr int norm_block = 64;  // channels that are summed side by side

struct NormParams {
  int64_t outer, rows, groups, size;
  bool centre;
  float epsilon;
  // Units: with one row, `per_unit` (outer, group) pairs of contiguous elements; else one outer
  // index and `per_unit` groups, which have at most norm_block channels or are a single group.
  int64_t per_unit, units_across;
  int32_t in_count, out_count;  // operands the step has; those beyond are absent
};

static inline const float* norm_in(const RunArgs& args, const NormParams& p, int i) {
  return i < p.in_count ? static_cast<const float*>(args.in[i]) : nullptr;
}
static inline float* norm_out(const RunArgs& args, const NormParams& p, int i) {
  return i < p.out_count ? static_cast<float*>(args.out[i]) : nullptr;
}

namespace portable {
void norm_f32(const RunArgs& args);
}
namespace avx2 {
void norm_f32(const RunArgs& args);
}
namespace avx512 {
void norm_f32(const RunArgs& args);
}
namespace neon {
void norm_f32(const RunArgs& args);
}

}  // namespace hone::kernels
