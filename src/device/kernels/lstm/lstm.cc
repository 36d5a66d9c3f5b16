#include "device/kernels/lstm/lstm.h"

#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/lstm/lstm_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/lstm/kernels.inc"
#undef HONE_KERNEL

namespace {

// Far above every real model; with them no product below overflows.
constexpr int64_t max_hidden = 1 << 20, max_input = 1 << 24;

bool is_f32(const Operand& o, const Shape& shape) {
  int64_t n = 0;
  return o.dtype == DType::f32 && o.shape == shape && dense_count(o, &n);
}
bool is_f32_or_absent(const Operand& o, const Shape& shape) {
  return !o.present() || is_f32(o, shape);
}

constexpr Operand absent = {};

const Operand& optional(std::span<const Operand> operands, size_t i) {
  return i < operands.size() ? operands[i] : absent;
}

int directions(const LstmAttrs& at) { return at.direction == 2 ? 2 : 1; }

// What a cell may use; the parameters of those that take any are ONNX's defaults.
bool is_cell_act(Act a) {
  return a == Act::none || a == Act::relu || a == Act::leaky_relu || a == Act::hard_sigmoid ||
         a == Act::sigmoid || a == Act::tanh || a == Act::elu || a == Act::softplus;
}

const char* check_attrs(const LstmAttrs* at) {
  if (!at) return "lstm: attributes";
  if (at->hidden < 1 || at->hidden > max_hidden) return "lstm: hidden";
  if (at->direction < 0 || at->direction > 2) return "lstm: direction";
  if (!(at->clip >= 0)) return "lstm: clip";
  if (!is_cell_act(at->f) || !is_cell_act(at->g) || !is_cell_act(at->h)) return "lstm: activation";
  if (at->direction == 2 &&
      (!is_cell_act(at->f2) || !is_cell_act(at->g2) || !is_cell_act(at->h2))) {
    return "lstm: activation";
  }
  return nullptr;
}

// Everything but w, r and the bias.
const char* check_operands(const Step& step, const LstmAttrs& at) {
  if (step.in.size() < 3 || step.in.size() > lstm_operands) return "lstm: operands";
  if (step.out.empty() || step.out.size() > 3) return "lstm: results";
  const Operand& x = step.in[lstm_x];
  int64_t n = 0;
  if (x.dtype != DType::f32 || x.shape.rank() != 3 || !dense_count(x, &n)) return "lstm: x";
  int64_t s = x.shape[0], b = x.shape[1], d = directions(at), h = at.hidden, rows = 0;
  if (x.shape[2] < 1 || x.shape[2] > max_input) return "lstm: size of the input";
  if (mul_overflows(s, b, &rows) || rows > max_elements / (8 * max_hidden) || b > max_hidden) {
    return "lstm: sequence too long";
  }
  if (!is_f32_or_absent(optional(step.in, lstm_h0), {d, b, h})) return "lstm: initial h";
  if (!is_f32_or_absent(optional(step.in, lstm_c0), {d, b, h})) return "lstm: initial c";
  if (!is_f32_or_absent(optional(step.in, lstm_peepholes), {d, 3 * h})) return "lstm: peepholes";
  const Operand& lens = optional(step.in, lstm_lens);
  if (lens.present() &&
      (lens.dtype != DType::i32 || !(lens.shape == Shape{b}) || !dense_count(lens, &n))) {
    return "lstm: lengths";
  }
  if (!is_f32_or_absent(step.out[0], {s, d, b, h})) return "lstm: y";
  if (!is_f32_or_absent(optional(step.out, 1), {d, b, h})) return "lstm: last h";
  if (!is_f32_or_absent(optional(step.out, 2), {d, b, h})) return "lstm: last c";
  return nullptr;
}

void set_params(const Step& step, const LstmAttrs& at, LstmParams* p, Work* work) {
  const Shape& x = step.in[lstm_x].shape;
  *p = {};
  p->steps = x[0];
  p->batch = x[1];
  p->input = x[2];
  p->hidden = at.hidden;
  p->width = round_up(4 * p->hidden, lstm_panel);
  p->directions = directions(at);
  p->direction = at.direction;
  p->clip = at.clip;
  p->input_forget = at.input_forget != 0;
  const Act act[2][3] = {{at.f, at.g, at.h}, {at.f2, at.g2, at.h2}};
  std::memcpy(p->act, act, sizeof act);
  int64_t rows = p->steps * p->batch;
  p->row_block = 32;
  p->row_blocks = ceil_div(rows, p->row_block);
  // Gates are shared out only where there is work enough to pay for it.
  p->gate_block = max_of(lstm_panel, round_up((1 << 16) / p->input, lstm_panel));
  p->gate_blocks = ceil_div(p->width, p->gate_block);
  p->batch_blocks = ceil_div(p->batch, lstm_rows);
  p->in_count = static_cast<int32_t>(step.in.size());
  p->out_count = static_cast<int32_t>(step.out.size());
  work->phases = 2;
  work->units[0] = p->directions * p->row_blocks * p->gate_blocks;
  work->units[1] = p->directions * p->batch_blocks;
  work->workspace_bytes = p->directions * rows * p->width * 4;
  work->scratch_bytes = (2 * lstm_rows + 1) * p->hidden * 4;
}

const char* bind_raw(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<LstmAttrs>(step);
  if (const char* why = check_attrs(at)) return why;
  if (const char* why = check_operands(step, *at)) return why;
  int64_t d = directions(*at), h = at->hidden, input = step.in[lstm_x].shape[2];
  if (!is_f32(step.in[lstm_w], {d, 4 * h, input})) return "lstm: w";
  if (!is_f32(step.in[lstm_r], {d, 4 * h, h})) return "lstm: r";
  if (!is_f32_or_absent(optional(step.in, lstm_bias), {d, 8 * h})) return "lstm: bias";
  set_params(step, *at, params_as<LstmParams>(params), work);
  return nullptr;
}

}  // namespace

const Kernel lstm_f32_portable = {"lstm_f32_portable", "lstm",  Isa::portable, 1, bind_raw,
                                  portable::lstm_f32,  nullptr, nullptr};

}  // namespace hone::kernels
