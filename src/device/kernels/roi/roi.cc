#include "device/kernels/roi/roi.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/roi/roi_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/roi/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int32_t most_samples = 256;  // along one axis of a bin; models have up to 4

bool is_dense_of(const Operand& o, DType t, int rank) {
  int64_t n = 0;
  return o.dtype == t && dense_count(o, &n) && o.shape.rank() == rank;
}

const char* bind(const Step& step, void* params, Work* work) {
  const auto* a = attrs_as<RoiAttrs>(step);
  if (!a || a->mode < RoiMode::average || a->mode > RoiMode::pool) return "roi: attributes";
  const bool pool = a->mode == RoiMode::pool;
  if (step.in.size() != (pool ? 2u : 3u) || step.out.size() != 1) return "roi: operands";
  if (a->sampling_ratio < 0 || a->sampling_ratio > most_samples) return "roi: sampling_ratio";
  const Operand &x = step.in[0], &rois = step.in[1], &y = step.out[0];
  if (!is_dense_of(x, DType::f32, 4) || !is_dense_of(rois, DType::f32, 2) ||
      !is_dense_of(y, DType::f32, 4)) {
    return "roi: only f32, dense";
  }
  if (rois.shape[1] != (pool ? 5 : 4) || rois.shape[0] != y.shape[0] || x.shape[3] != y.shape[3]) {
    return "roi: shapes";
  }
  if (x.shape.count() == 0) return "roi: x is empty";
  if (!pool) {
    const Operand& batch = step.in[2];
    if (!is_dense_of(batch, DType::i64, 1) || batch.shape[0] != y.shape[0]) return "roi: pictures";
  }
  auto* p = params_as<RoiParams>(params);
  *p = {x.shape[0],        x.shape[1],
        x.shape[2],        x.shape[3],
        y.shape[1],        y.shape[2],
        a->mode,           a->half_pixel != 0,
        a->sampling_ratio, static_cast<double>(a->spatial_scale)};
  work->units[0] = y.shape.count() == 0 ? 0 : y.shape[0] * y.shape[1];
  return nullptr;
}

}  // namespace

#define HONE_ROI(name, isa, run) \
  const Kernel name = {#name, "roi", Isa::isa, 1, bind, run, nullptr, nullptr};

#if defined(__x86_64__)
HONE_ROI(roi_f32_avx512, avx512, avx512::roi_f32)
HONE_ROI(roi_f32_avx2, avx2, avx2::roi_f32)
#endif
HONE_ROI(roi_f32_neon, neon, HONE_ON_ARM(neon::roi_f32))
HONE_ROI(roi_f32_portable, portable, portable::roi_f32)

}  // namespace hone::kernels
