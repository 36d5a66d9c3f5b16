// What rnn.cc shares with the files that run. A unit is one batch row of one direction.
#pragma once

#include "device/kernels/rnn/rnn.h"

namespace hone::kernels {

struct RnnParams {
  int64_t steps, batch, hidden, gates;
  int32_t directions, direction;
  float clip;  // 0: not
  bool reset_last;
  Act act[2][2];
  int32_t in_count, out_count;  // operands the step has; those beyond are absent
};

constexpr int rnn_operands = 5;
enum RnnIn { rnn_x, rnn_r, rnn_bias, rnn_h0, rnn_lens };

static inline const float* rnn_in(const RunArgs& args, const RnnParams& p, int i) {
  return i < p.in_count ? static_cast<const float*>(args.in[i]) : nullptr;
}
static inline float* rnn_out(const RunArgs& args, const RnnParams& p, int i) {
  return i < p.out_count ? static_cast<float*>(args.out[i]) : nullptr;
}

namespace portable {
void rnn_f32(const RunArgs& args);
}
namespace avx2 {
void rnn_f32(const RunArgs& args);
}
namespace avx512 {
void rnn_f32(const RunArgs& args);
}
namespace neon {
void rnn_f32(const RunArgs& args);
}

}  // namespace hone::kernels
