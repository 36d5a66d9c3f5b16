#include "device/kernels/rnn/rnn.h"

#include "device/kernels/arm.h"
#include "device/kernels/check.h"
#include "device/kernels/rnn/rnn_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/rnn/kernels.inc"
#undef HONE_KERNEL

namespace {

// Far above every real model; with them no product of sizes overflows.
constexpr int64_t max_hidden = 1 << 20, max_rows = int64_t{1} << 24;

bool is_cell_act(Act a) { return a == Act::sigmoid || a == Act::tanh || a == Act::relu; }

bool is_sound(const RnnAttrs& a) {
  if (a.hidden < 1 || a.hidden > max_hidden || (a.gates != 1 && a.gates != 3)) return false;
  if (a.direction < 0 || a.direction > 2 || !(a.clip >= 0)) return false;
  const bool second =
      a.direction != 2 || (is_cell_act(a.f2) && (a.gates == 1 || is_cell_act(a.g2)));
  return is_cell_act(a.f) && (a.gates == 1 || is_cell_act(a.g)) && second;
}

// Operand i is absent or dense, of that type and shape.
bool fits(std::span<const Operand> operands, size_t i, DType t, const Shape& shape) {
  int64_t n = 0;
  if (i >= operands.size() || !operands[i].present()) return true;
  return operands[i].dtype == t && operands[i].shape == shape && dense_count(operands[i], &n);
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* a = attrs_as<RnnAttrs>(step);
  if (!a || !is_sound(*a)) return "rnn: attributes";
  if (step.in.size() < 2 || step.in.size() > rnn_operands || step.out.empty() ||
      step.out.size() > 2) {
    return "rnn: operands";
  }
  const Operand& x = step.in[rnn_x];
  if (!x.present() || x.shape.rank() != 3 || !step.in[rnn_r].present()) return "rnn: x or r";
  const int64_t s = x.shape[0], b = x.shape[1], h = a->hidden, d = a->direction == 2 ? 2 : 1;
  const int64_t width = a->gates * h;
  if (s < 0 || b < 0 || s > max_rows || b > max_rows) return "rnn: sizes";
  if (!fits(step.in, rnn_x, DType::f32, {s, b, d * width})) return "rnn: x";
  if (!fits(step.in, rnn_r, DType::f32, {d, h, width})) return "rnn: r";
  if (!fits(step.in, rnn_bias, DType::f32, {d, width})) return "rnn: bias";
  if (!fits(step.in, rnn_h0, DType::f32, {d, b, h})) return "rnn: initial state";
  if (!fits(step.in, rnn_lens, DType::i32, {b})) return "rnn: lengths";
  if (!fits(step.out, 0, DType::f32, {s, d, b, h})) return "rnn: y";
  if (!fits(step.out, 1, DType::f32, {d, b, h})) return "rnn: last state";
  auto* p = params_as<RnnParams>(params);
  *p = {s,
        b,
        h,
        a->gates,
        static_cast<int32_t>(d),
        a->direction,
        a->clip,
        a->reset_last != 0,
        {{a->f, a->g}, {a->f2, a->g2}},
        static_cast<int32_t>(step.in.size()),
        static_cast<int32_t>(step.out.size())};
  work->units[0] = d * b;
  work->scratch_bytes = (2 * h + width) * 4;
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel rnn_f32_avx512 = {"rnn_f32_avx512", "rnn",   Isa::avx512, 1, bind,
                               avx512::rnn_f32,  nullptr, nullptr};
const Kernel rnn_f32_avx2 = {"rnn_f32_avx2", "rnn",         Isa::avx2, 1,
                             bind,           avx2::rnn_f32, nullptr,   nullptr};
#endif
const Kernel rnn_f32_neon = {"rnn_f32_neon", "rnn",  Isa::neon, 1, bind, HONE_ON_ARM(neon::rnn_f32),
                             nullptr,        nullptr};

const Kernel rnn_f32_portable = {"rnn_f32_portable", "rnn",   Isa::portable, 1, bind,
                                 portable::rnn_f32,  nullptr, nullptr};

}  // namespace hone::kernels
