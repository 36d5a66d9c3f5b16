// pad: ONNX Pad. Negative pads crop.
//
//   in[0]  x      any type of >= 8 bits, rank 1 to 8, dense
//   in[1]  value  scalar of x's type, optional (0 where absent); mode constant only
//   out[0] y      dense; shape x[i] + dims[i] + dims[rank + i]
//   dims   [begin_0 .. begin_{r-1}, end_0 .. end_{r-1}]
// reflect, edge and wrap need x non-empty on padded axes; reflect of more than size - 1 bounces.
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

enum class PadMode : int32_t { constant = 0, reflect, edge, wrap };

struct PadAttrs {
  PadMode mode;
};
constexpr const char* pad_attr_names = "mode";

}  // namespace hone::kernels
