// What cast.cc shares with the files that run.
#pragma once

#include "common/tensor/small_float.h"
#include "device/kernels/cast/cast.h"
#include "device/kernels/chunks.h"

namespace hone::kernels {

struct CastParams {
  int64_t count;
  DType from, to;
  SmallFloatRules rules;
};

namespace portable {
void cast_any(const RunArgs& args);
}
// f32, i8, u8, i32, i64 and bool to each other.
namespace avx2 {
void cast_common(const RunArgs& args);
}
namespace avx512 {
void cast_common(const RunArgs& args);
}
namespace neon {
void cast_common(const RunArgs& args);
}

}  // namespace hone::kernels
