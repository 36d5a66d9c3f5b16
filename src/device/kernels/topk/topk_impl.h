// What topk.cc shares with the files that run.
#pragma once

#include "device/kernels/topk/topk.h"

namespace hone::kernels {

struct TopkParams {
  int64_t size, k, inner;
  DType type;
  bool largest;
};

namespace portable {
void topk_any_heap(const RunArgs& args);
}
namespace avx2 {
void topk_any_heap(const RunArgs& args);
}
namespace avx512 {
void topk_any_heap(const RunArgs& args);
}
namespace neon {
void topk_any_heap(const RunArgs& args);
}

}  // namespace hone::kernels
