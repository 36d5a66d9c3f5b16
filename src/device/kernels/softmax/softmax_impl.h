// What softmax.cc shares with the files that run.
#pragma once

#include "device/kernels/softmax/softmax.h"

namespace hone::kernels {

constexpr int softmax_block = 64;  // columns that are normalised side by side

struct SoftmaxParams {
  int64_t outer, size, inner;  // x is [outer, size, inner], normalised over size
  bool log;
  // Units are `per_unit` rows where inner is 1, else blocks of softmax_block columns.
  int64_t blocks, per_unit;
};

namespace portable {
void softmax_f32(const RunArgs& args);
void softmax_f64(const RunArgs& args);
}  // namespace portable
namespace avx2 {
void softmax_f32(const RunArgs& args);
}
namespace avx512 {
void softmax_f32(const RunArgs& args);
}
namespace neon {
void softmax_f32(const RunArgs& args);
}

}  // namespace hone::kernels
