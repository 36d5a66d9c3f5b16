// What cast.cc shares with the files that run.
#pragma once

#include "device/kernels/cast/cast.h"

namespace hone::kernels {

struct CastParams {
  int64_t count;
  DType from, to;
};

namespace portable {
void cast_any(const RunArgs& args);
}

}  // namespace hone::kernels
