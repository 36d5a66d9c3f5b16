#include "device/kernels/lstm/lstm.h"

#include <cstring>
#include "device/kernels/arm.h"

#include "device/kernels/check.h"
#include "device/kernels/lstm/lstm_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/lstm/kernels.inc"
#undef HONE_KERNEL

namespace {

// What a cell may use; the parameters of those that take any are ONNX's defaults.
bool is_cell_act(Act a) {
  return a == Act::none || a == Act::relu || a == Act::leaky_relu || a == Act::hard_sigmoid ||
         a == Act::sigmoid || a == Act::tanh || a == Act::elu || a == Act::softplus;
}

}  // namespace

bool lstm_is_sound(const LstmAttrs& at) {
  if (at.hidden < 1 || at.hidden > lstm_max_hidden) return false;
  if (at.direction < 0 || at.direction > 2 || !(at.clip >= 0)) return false;
  if (!is_cell_act(at.f) || !is_cell_act(at.g) || !is_cell_act(at.h)) return false;
  return at.direction != 2 || (is_cell_act(at.f2) && is_cell_act(at.g2) && is_cell_act(at.h2));
}

namespace {

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

// Everything but w, r and the bias.
const char* check_operands(const Step& step, const LstmAttrs& at) {
  if (step.in.size() < 3 || step.in.size() > lstm_operands) return "lstm: operands";
  if (step.out.empty() || step.out.size() > 3) return "lstm: results";
  const Operand& x = step.in[lstm_x];
  int64_t n = 0;
  if (x.dtype != DType::f32 || x.shape.rank() != 3 || !dense_count(x, &n)) return "lstm: x";
  int64_t s = x.shape[0], b = x.shape[1], d = directions(at), h = at.hidden, rows = 0;
  if (x.shape[2] < 1 || x.shape[2] > lstm_max_input) return "lstm: size of the input";
  if (mul_overflows(s, b, &rows) || rows > max_elements / (8 * lstm_max_hidden) ||
      b > lstm_max_hidden) {
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

const char* bind_common(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<LstmAttrs>(step);
  if (!at || !lstm_is_sound(*at)) return "lstm: attributes";
  if (const char* why = check_operands(step, *at)) return why;
  if (!is_f32_or_absent(optional(step.in, lstm_bias), {directions(*at), 8 * at->hidden})) {
    return "lstm: bias";
  }
  set_params(step, *at, params_as<LstmParams>(params), work);
  return nullptr;
}

const char* bind_raw(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  auto* p = static_cast<const LstmParams*>(params);
  if (!is_f32(step.in[lstm_w], {p->directions, 4 * p->hidden, p->input})) return "lstm: w";
  if (!is_f32(step.in[lstm_r], {p->directions, 4 * p->hidden, p->hidden})) return "lstm: r";
  return nullptr;
}

bool is_blob(const Operand& o, int64_t bytes) {
  return o.dtype == DType::u8 && o.shape == Shape{bytes} && is_dense(o);
}

const char* bind_packed(const Step& step, void* params, Work* work) {
  if (const char* why = bind_common(step, params, work)) return why;
  auto* p = static_cast<const LstmParams*>(params);
  bool packed = is_blob(step.in[lstm_w], lstm_packed_w_bytes(p->directions, p->hidden, p->input)) &&
                is_blob(step.in[lstm_r], lstm_packed_r_bytes(p->directions, p->hidden));
  return packed ? nullptr : "w and r must be constants, packed";
}

}  // namespace

#if defined(__x86_64__)
const Kernel lstm_f32_avx512 = {"lstm_f32_avx512", "lstm",           Isa::avx512,       1,
                                bind_packed,       avx512::lstm_f32, lstm_packed_bytes, lstm_pack};
const Kernel lstm_f32_avx2 = {"lstm_f32_avx2", "lstm",         Isa::avx2,         1,
                              bind_packed,     avx2::lstm_f32, lstm_packed_bytes, lstm_pack};
#endif
const Kernel lstm_f32_neon = {
    "lstm_f32_neon",   "lstm",   Isa::neon, 1, bind_packed, HONE_ON_ARM(neon::lstm_f32),
    lstm_packed_bytes, lstm_pack};

const Kernel lstm_f32_portable = {"lstm_f32_portable", "lstm",  Isa::portable, 1, bind_raw,
                                  portable::lstm_f32,  nullptr, nullptr};

}  // namespace hone::kernels
