// binary of 16-bit floats, one element at a time.
#include "common/tensor/half.h"
#include "device/kernels/binary/binary_impl.h"

namespace hone::kernels::portable {
namespace {

float result(Binary op, float a, float b) {
  return op == Binary::add ? a + b : op == Binary::sub ? a - b : a * b;
}

}  // namespace

void binary_16bit(const RunArgs& args) {
  const auto& p = *static_cast<const BinaryParams*>(args.params);
  const Loops<2>& l = p.loops;
  const bool bf16 = p.dtype == DType::bf16;
  auto number = [&](uint16_t v) { return bf16 ? bf16_to_f32(v) : f16_to_f32(v); };
  const int64_t step_a = l.stride[0][l.rank - 1], step_b = l.stride[1][l.rank - 1];
  const uint16_t* a = static_cast<const uint16_t*>(args.in[0]);
  const uint16_t* b = static_cast<const uint16_t*>(args.in[1]);
  uint16_t* y = static_cast<uint16_t*>(args.out[0]) + args.begin * chunk;
  walk_units<2>(args, l, [&](const int64_t* at, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const float v =
          result(p.attrs.op, number(a[at[0] + i * step_a]), number(b[at[1] + i * step_b]));
      *y++ = bf16 ? f32_to_bf16(v) : f32_to_f16(v);
    }
  });
}

}  // namespace hone::kernels::portable
