#include "device/kernels/check.h"
#include "device/kernels/col2im/col2im_impl.h"

namespace hone::kernels::portable {
namespace {
#include "device/kernels/col2im/rows.inl.h"
}  // namespace

void col2im_f32(const RunArgs& args) {
  rows(
      args,
      [](float* y, const float* bias, int64_t n) {
        for (int64_t c = 0; c < n; ++c) y[c] = bias ? bias[c] : 0.0f;
      },
      [](float* y, const float* x, int64_t n) {
        for (int64_t c = 0; c < n; ++c) y[c] += x[c];
      });
}

}  // namespace hone::kernels::portable
