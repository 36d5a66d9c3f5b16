// What lstm.cc shares with the files that run.
//
// Phase 0 computes x W' + bias for the whole sequence into the workspace, phase 1 the recurrence,
// whose units are (direction, block of batch rows).
#pragma once

#include "device/kernels/lstm/lstm.h"

namespace hone::kernels {

// Packed weights of one direction: [bias: width][panels of 64 gates: [k][64]]; width is 4 hidden
// rounded up to whole panels and everything beyond 4 hidden is 0. r's packing has no bias.
constexpr int64_t lstm_panel = 64;
constexpr int64_t lstm_rows = 4;  // batch rows that share one reading of the weights

struct LstmParams {
  int64_t steps, batch, input, hidden;
  int64_t width;  // of a row of gates in the workspace
  int32_t directions, direction;
  float clip;  // 0: not
  bool input_forget;
  Act act[2][3];
  // Phase 0: units are direction x rows of [steps x batch] x groups of gates.
  int64_t row_block, row_blocks, gate_block, gate_blocks;
  int64_t batch_blocks;
  int32_t in_count, out_count;  // operands the step has; those beyond are absent
};

// Far above every real model; with them no product of sizes overflows.
constexpr int64_t lstm_max_hidden = 1 << 20, lstm_max_input = 1 << 24;

// Attributes within those limits, with activations that a cell may use.
bool lstm_is_sound(const LstmAttrs& at);
int64_t lstm_packed_w_bytes(int64_t directions, int64_t hidden, int64_t input);
int64_t lstm_packed_r_bytes(int64_t directions, int64_t hidden);
// As in Kernel.
int64_t lstm_packed_bytes(const Step& step, int index);
void lstm_pack(const Step& step, const void* const* raw, int index, void* dst);

constexpr int lstm_operands = 8;
enum LstmIn { lstm_x, lstm_w, lstm_r, lstm_bias, lstm_h0, lstm_c0, lstm_peepholes, lstm_lens };

static inline const void* lstm_in(const RunArgs& args, const LstmParams& p, int i) {
  return i < p.in_count ? args.in[i] : nullptr;
}
static inline float* lstm_out(const RunArgs& args, const LstmParams& p, int i) {
  return i < p.out_count ? static_cast<float*>(args.out[i]) : nullptr;
}

// Parameters of the activations of a cell: ONNX's defaults.
static constexpr float lstm_act_a(Act a) {
  return a == Act::hard_sigmoid ? 0.2f : a == Act::leaky_relu ? 0.01f : 1.0f;
}
static constexpr float lstm_act_b(Act a) { return a == Act::hard_sigmoid ? 0.5f : 0.0f; }

namespace portable {
void lstm_f32(const RunArgs& args);
}
namespace avx2 {
void lstm_f32(const RunArgs& args);
}
namespace avx512 {
void lstm_f32(const RunArgs& args);
}
namespace neon {
void lstm_f32(const RunArgs& args);
}

}  // namespace hone::kernels
