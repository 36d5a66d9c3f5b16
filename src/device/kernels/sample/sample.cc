#include "device/kernels/sample/sample.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/sample/sample_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/sample/kernels.inc"
#undef HONE_KERNEL

namespace {

bool is_f32(const Operand& o, int rank) {
  int64_t n = 0;
  return o.dtype == DType::f32 && dense_count(o, &n) && o.shape.rank() == rank;
}

const char* bind(const Step& step, void* params, Work* work) {
  const auto* a = attrs_as<SampleAttrs>(step);
  if (!a || step.in.size() != 2 || step.out.size() != 1) return "sample: attributes or operands";
  if (a->mode < SampleMode::nearest || a->mode > SampleMode::cubic) return "sample: mode";
  if (a->padding < SamplePadding::zeros || a->padding > SamplePadding::reflection) {
    return "sample: padding";
  }
  const Operand &x = step.in[0], &grid = step.in[1], &y = step.out[0];
  if (!is_f32(x, 5) || !is_f32(grid, 3) || !is_f32(y, 3)) return "sample: only f32, dense";
  const int64_t axes = grid.shape[2];
  if (axes < 1 || axes > 3) return "sample: axes of the grid";
  if (x.shape[0] != y.shape[0] || grid.shape[0] != y.shape[0] || grid.shape[1] != y.shape[1] ||
      x.shape[4] != y.shape[2]) {
    return "sample: shapes";
  }
  auto* p = params_as<SampleParams>(params);
  *p = {};
  p->mode = a->mode, p->padding = a->padding, p->align = a->align_corners != 0;
  p->axes = static_cast<int32_t>(axes);
  int64_t stride = x.shape[4];
  for (int d = 3; d >= 1; --d) {
    const int64_t named = d - 4 + axes;
    if (x.shape[d] < 1) return "sample: x is empty";
    if (named < 0 && x.shape[d] != 1) return "sample: an axis that the grid does not name";
    if (named >= 0) p->size[named] = x.shape[d], p->stride[named] = stride;
    stride *= x.shape[d];
  }
  p->picture = stride;
  p->points = y.shape[1], p->channels = y.shape[2];
  p->units = (p->points + sample_points_per_unit - 1) / sample_points_per_unit;
  work->units[0] = y.shape.count() == 0 ? 0 : y.shape[0] * p->units;
  return nullptr;
}

}  // namespace

#define HONE_SAMPLE(name, isa, run) \
  const Kernel name = {#name, "sample", Isa::isa, 1, bind, run, nullptr, nullptr};

#if defined(__x86_64__)
HONE_SAMPLE(sample_f32_avx512, avx512, avx512::sample_f32)
HONE_SAMPLE(sample_f32_avx2, avx2, avx2::sample_f32)
#endif
HONE_SAMPLE(sample_f32_neon, neon, HONE_ON_ARM(neon::sample_f32))
HONE_SAMPLE(sample_f32_portable, portable, portable::sample_f32)

}  // namespace hone::kernels
