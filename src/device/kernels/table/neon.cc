// A table of 256 bytes is four of 64: of an index beyond its own each look-up gives 0.
#include <arm_neon.h>

#include "device/kernels/table/table_impl.h"

namespace hone::kernels::neon {
namespace {

struct Table {
  uint8x16x4_t part[4];
};

inline uint8x16_t look_up(const Table& t, uint8x16_t x) {
  uint8x16_t y = vqtbl4q_u8(t.part[0], x);
  for (int k = 1; k < 4; ++k) {
    const uint8x16_t from_here = vsubq_u8(x, vdupq_n_u8(static_cast<uint8_t>(64 * k)));
    y = vqtbx4q_u8(y, t.part[k], from_here);
  }
  return y;
}

}  // namespace

void table_run(const RunArgs& args) {
  const uint8_t* bytes = static_cast<const uint8_t*>(args.in[1]);
  Table t;
  for (int k = 0; k < 4; ++k) t.part[k] = vld1q_u8_x4(bytes + 64 * k);
  table_runs(args, *static_cast<const TableParams*>(args.params),
             [&t, bytes](const uint8_t* x, uint8_t* y, int64_t n) {
               int64_t i = 0;
               for (; i + 16 <= n; i += 16) vst1q_u8(y + i, look_up(t, vld1q_u8(x + i)));
               for (; i < n; ++i) y[i] = bytes[x[i]];
             });
}

}  // namespace hone::kernels::neon
