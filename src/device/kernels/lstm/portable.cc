#include "device/kernels/check.h"
#include "device/kernels/lstm/lstm_impl.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::portable {
namespace {

#include "device/kernels/lstm/cell.inl.h"

// Eight partial sums, which compilers turn into vectors of any width up to eight.
float dot(const float* a, const float* b, int64_t n) {
  float sum[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int k = 0; k < 8; ++k) sum[k] += a[i + k] * b[i + k];
  }
  for (int k = 0; i < n; ++i, ++k) sum[k] += a[i] * b[i];
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

void run_inputs(const RunArgs& args, const LstmParams& p) {
  const int64_t rows = p.steps * p.batch, gates = 4 * p.hidden;
  const float* bias = static_cast<const float*>(lstm_in(args, p, lstm_bias));
  for (int64_t u = args.begin; u < args.end; ++u) {
    int64_t g0 = u % p.gate_blocks * p.gate_block, rest = u / p.gate_blocks;
    int64_t r0 = rest % p.row_blocks * p.row_block, d = rest / p.row_blocks;
    int64_t g1 = min_of(g0 + p.gate_block, gates), r1 = min_of(r0 + p.row_block, rows);
    const float* w = static_cast<const float*>(args.in[lstm_w]) + d * gates * p.input;
    const float* b = bias ? bias + d * 2 * gates : nullptr;
    for (int64_t r = r0; r < r1; ++r) {
      const float* x = static_cast<const float*>(args.in[lstm_x]) + r * p.input;
      float* to = static_cast<float*>(args.workspace) + (d * rows + r) * p.width;
      for (int64_t g = g0; g < g1; ++g) {
        to[g] = dot(x, w + g * p.input, p.input) + (b ? b[g] + b[gates + g] : 0.0f);
      }
    }
  }
}

void run_recurrence(const RunArgs& args, const LstmParams& p) {
  for (int64_t u = args.begin; u < args.end; ++u) {
    int64_t b0 = u % p.batch_blocks * lstm_rows, d = u / p.batch_blocks;
    const float* w = static_cast<const float*>(args.in[lstm_r]) + d * 4 * p.hidden * p.hidden;
    run_sequence(args, p, static_cast<int>(d), b0,
                 static_cast<int>(min_of(lstm_rows, p.batch - b0)),
                 [&](float* gates, const float* h, int rows) {
                   for (int64_t g = 0; g < 4 * p.hidden; ++g) {
                     for (int r = 0; r < rows; ++r) {
                       gates[r * p.width + g] += dot(h + r * p.hidden, w + g * p.hidden, p.hidden);
                     }
                   }
                 });
  }
}

}  // namespace

void lstm_f32(const RunArgs& args) {
  auto& p = *static_cast<const LstmParams*>(args.params);
  args.phase == 0 ? run_inputs(args, p) : run_recurrence(args, p);
}

}  // namespace hone::kernels::portable
