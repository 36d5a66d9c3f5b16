#include <cmath>

#include "device/kernels/check.h"
#include "device/kernels/qbinary/qbinary_impl.h"

namespace hone::kernels::portable {
namespace {

float byte_at(const void* from, DType t, int64_t i) {
  return t == DType::u8 ? static_cast<float>(static_cast<const uint8_t*>(from)[i])
                        : static_cast<float>(static_cast<const int8_t*>(from)[i]);
}

float combined(QBinary op, float a, float b) {
  switch (op) {
    case QBinary::add: return a + b;
    case QBinary::sub: return a - b;
    default: return a * b;
  }
}

}  // namespace

void qbinary_run(const RunArgs& args) {
  const auto& p = *static_cast<const QBinaryParams*>(args.params);
  const QBinaryAttrs& t = p.attrs;
  const Loops<3>& l = p.loops;
  const int last = l.rank - 1;
  const int64_t step_a = l.stride[0][last], step_b = l.stride[1][last], step_y = l.stride[2][last];
  const auto a_zero = static_cast<float>(t.a_zero), b_zero = static_cast<float>(t.b_zero);
  const auto y_zero = static_cast<float>(t.y_zero);
  const auto lowest = static_cast<float>(t.lowest), highest = static_cast<float>(t.highest);
  uint8_t* y = static_cast<uint8_t*>(args.out[0]);
  walk_units<3>(args, l, [&](const int64_t* at, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const float a = (byte_at(args.in[0], p.a, at[0] + i * step_a) - a_zero) * t.a_scale;
      const float b = (byte_at(args.in[1], p.b, at[1] + i * step_b) - b_zero) * t.b_scale;
      const float v = combined(t.op, a, b) / t.y_scale;
      float q = t.zero_first != 0 ? std::nearbyint(v + y_zero) : std::nearbyint(v) + y_zero;
      q = q > lowest ? q : lowest;  // NaN too
      q = q < highest ? q : highest;
      y[at[2] + i * step_y] = static_cast<uint8_t>(static_cast<int32_t>(q));
    }
  });
}

}  // namespace hone::kernels::portable
