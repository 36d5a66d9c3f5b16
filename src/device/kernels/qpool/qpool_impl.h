// What qpool.cc shares with the files that run.
#pragma once

#include "device/kernels/pool/params.h"
#include "device/kernels/qpool/qpool.h"

namespace hone::kernels {

struct QPoolParams {
  PoolParams pool;
  DType type;
  int32_t x_zero, y_zero;
  float ratio;
};
static_assert(sizeof(QPoolParams) <= max_params_bytes);

// Sums of more bytes are not exact in f32.
constexpr int64_t most_f32_taps = int64_t{1} << 16;

namespace portable {
void qpool_run(const RunArgs& args);
}
namespace avx2 {
void qpool_run(const RunArgs& args);
}
namespace avx512 {
void qpool_run(const RunArgs& args);
}
namespace neon {
void qpool_run(const RunArgs& args);
}

}  // namespace hone::kernels
