// What qbinary.cc shares with the files that run.
#pragma once

#include "device/kernels/loops.h"
#include "device/kernels/qbinary/qbinary.h"

namespace hone::kernels {

struct QBinaryParams {
  Loops<3> loops;  // a, b, y
  QBinaryAttrs attrs;
  DType a, b, y;
};

namespace portable {
void qbinary_run(const RunArgs& args);
}
namespace avx2 {
void qbinary_run(const RunArgs& args);
}
namespace avx512 {
void qbinary_run(const RunArgs& args);
}
namespace neon {
void qbinary_run(const RunArgs& args);
}

}  // namespace hone::kernels
