#include "device/kernels/rnn/rnn_impl.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::portable {
namespace {

void accumulate(const float* a, int64_t k_count, const float* r, int64_t stride, int64_t n,
                float* sum) {
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t j = 0; j < n; ++j) sum[j] += a[k] * r[k * stride + j];
  }
}

#include "device/kernels/rnn/cell.inl.h"

}  // namespace

void rnn_f32(const RunArgs& args) {
  auto& p = *static_cast<const RnnParams*>(args.params);
  for (int64_t u = args.begin; u < args.end; ++u) Sequence(args, p, u).run();
}

}  // namespace hone::kernels::portable
