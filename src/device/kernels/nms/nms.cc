#include "device/kernels/nms/nms.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/nms/nms_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/nms/kernels.inc"
#undef HONE_KERNEL

namespace {

bool one_float(const Operand& o) {
  int64_t n = 0;
  return !o.present() || (o.dtype == DType::f32 && dense_count(o, &n) && n == 1);
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<NmsAttrs>(step);
  if (!at || step.in.size() < 2 || step.in.size() > 4 || step.out.size() != 2 ||
      step.dims.size() != 1 || (at->center != 0 && at->center != 1)) {
    return "nms: attributes or operands";
  }
  const Operand &boxes = step.in[0], &scores = step.in[1], &kept = step.out[0];
  int64_t nb = 0, ns = 0, nk = 0, one = 0;
  if (!dense_count(boxes, &nb) || !dense_count(scores, &ns) || !dense_count(kept, &nk) ||
      !dense_count(step.out[1], &one)) {
    return "nms: operands must be dense";
  }
  if (boxes.dtype != DType::f32 || scores.dtype != DType::f32 || kept.dtype != DType::i64 ||
      step.out[1].dtype != DType::i64) {
    return "nms: element types";
  }
  const Operand absent;
  const Operand& overlap = step.in.size() > 2 ? step.in[2] : absent;
  const Operand& threshold = step.in.size() > 3 ? step.in[3] : absent;
  if (!one_float(overlap) || !one_float(threshold) || one != 1) return "nms: scalars";
  const Shape &b = boxes.shape, &s = scores.shape;
  if (b.rank() != 3 || s.rank() != 3 || b[2] != 4 || b[0] != s[0] || b[1] != s[2] ||
      b[1] > INT32_MAX) {
    return "nms: shapes of boxes and scores";
  }
  const int64_t most = step.dims[0];
  if (most < 0 || most > b[1]) return "nms: boxes to keep";
  if (kept.shape.rank() != 2 || kept.shape[0] != s[0] * s[1] * most || kept.shape[1] != 3) {
    return "nms: shape of the result";
  }
  *params_as<NmsParams>(params) = {
      s[0], s[1], b[1], most, at->center != 0, overlap.present(), threshold.present()};
  work->phases = 2;
  work->units[0] = s[0] * s[1];
  work->units[1] = 1;
  work->scratch_bytes = nms_blocks(most) * static_cast<int64_t>(sizeof(NmsKept)) +
                        b[1] * static_cast<int64_t>(sizeof(NmsBox));
  work->workspace_bytes = s[0] * s[1] * (most + 1) * static_cast<int64_t>(sizeof(int32_t));
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel nms_f32_avx512 = {"nms_f32_avx512", "nms",   Isa::avx512, 1, bind,
                               avx512::nms_f32,  nullptr, nullptr};
const Kernel nms_f32_avx2 = {"nms_f32_avx2", "nms",         Isa::avx2, 1,
                             bind,           avx2::nms_f32, nullptr,   nullptr};
#endif
const Kernel nms_f32_neon = {"nms_f32_neon", "nms",  Isa::neon, 1, bind, HONE_ON_ARM(neon::nms_f32),
                             nullptr,        nullptr};
const Kernel nms_f32_portable = {"nms_f32_portable", "nms",   Isa::portable, 1, bind,
                                 portable::nms_f32,  nullptr, nullptr};

}  // namespace hone::kernels
