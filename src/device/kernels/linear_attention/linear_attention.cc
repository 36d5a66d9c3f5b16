#include "device/kernels/linear_attention/linear_attention.h"

#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/linear_attention/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int64_t lanes = 32;  // columns of a state that are updated together

struct LinearParams {
  int64_t steps, q_heads, heads, k_size, v_size;
  int64_t gates, rates;  // for each step, over all heads; 0: none
  int64_t blocks;        // of lanes, in v_size
  float scale;
  bool past;
};

// f32, dense, [first, second, third].
bool is_rows(const Operand& o, int64_t first, int64_t second, int64_t third) {
  int64_t n = 0;
  return dense_count(o, &n) && o.dtype == DType::f32 && o.shape == Shape{first, second, third};
}

bool is_state(const Operand& o, const LinearParams& p, int64_t batch) {
  int64_t n = 0;
  return dense_count(o, &n) && o.dtype == DType::f32 &&
         o.shape == Shape{batch, p.heads, p.k_size, p.v_size};
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<LinearAttentionAttrs>(step);
  if (!at || step.in.size() < 3 || step.in.size() > 6 || step.out.size() != 2) {
    return "linear_attention: attributes or operands";
  }
  const Operand &q = step.in[0], &k = step.in[1], &v = step.in[2];
  if (at->heads < 1 || at->q_heads < 1 || at->q_heads % at->heads != 0) {
    return "linear_attention: heads";
  }
  if (q.shape.rank() != 3 || v.shape.rank() != 3 || q.shape[2] % at->q_heads != 0 ||
      v.shape[2] % at->heads != 0) {
    return "linear_attention: shapes";
  }
  LinearParams p = {};
  const int64_t batch = q.shape[0];
  p.steps = q.shape[1], p.q_heads = at->q_heads, p.heads = at->heads;
  p.k_size = q.shape[2] / p.q_heads, p.v_size = v.shape[2] / p.heads;
  if (p.k_size < 1 || p.v_size < 1 || p.v_size > max_elements / p.q_heads) {
    return "linear_attention: shapes";
  }
  p.blocks = ceil_div(p.v_size, lanes), p.scale = at->scale;
  if (!is_rows(q, batch, p.steps, p.q_heads * p.k_size) ||
      !is_rows(k, batch, p.steps, p.heads * p.k_size) ||
      !is_rows(v, batch, p.steps, p.heads * p.v_size) ||
      !is_rows(step.out[0], batch, p.steps, p.q_heads * p.v_size) ||
      !is_state(step.out[1], p, batch)) {
    return "linear_attention: operands do not fit";
  }
  const auto given = [&](size_t i) { return step.in.size() > i && step.in[i].present(); };
  p.past = given(3);
  if (p.past && !is_state(step.in[3], p, batch)) return "linear_attention: past";
  if (given(4)) {
    p.gates = is_rows(step.in[4], batch, p.steps, p.heads) ? p.heads : p.heads * p.k_size;
    if (!is_rows(step.in[4], batch, p.steps, p.gates)) return "linear_attention: gate";
  }
  if (given(5)) {
    p.rates = is_rows(step.in[5], batch, p.steps, p.heads) ? p.heads : 1;
    if (!is_rows(step.in[5], batch, p.steps, p.rates)) return "linear_attention: rate";
  }
  *params_as<LinearParams>(params) = p;
  work->units[0] = batch * p.heads * p.blocks;
  return nullptr;
}

const float* floats(const RunArgs& args, int i) { return static_cast<const float*>(args.in[i]); }

// Columns [first, first + n) of head h's state in picture b, through all steps.
struct Columns {
  const RunArgs& args;
  const LinearParams& p;
  int64_t b, h, first, n;
  float* state;  // of row 0, first column; rows are v_size apart

  void begin() const {
    const float* past = p.past ? floats(args, 3) : nullptr;
    const int64_t at = ((b * p.heads + h) * p.k_size) * p.v_size + first;
    for (int64_t d = 0; d < p.k_size; ++d) {
      for (int64_t m = 0; m < n; ++m) {
        const int64_t i = d * p.v_size + m;
        state[i] = past == nullptr ? 0 : past[at + i];
      }
    }
  }

  void update(int64_t t) const {
    const int64_t row = b * p.steps + t;
    const float* k = floats(args, 1) + (row * p.heads + h) * p.k_size;
    const float* v = floats(args, 2) + (row * p.heads + h) * p.v_size + first;
    float value[lanes], seen[lanes] = {};
    for (int64_t d = 0; d < p.k_size; ++d) {
      float* s = state + d * p.v_size;
      if (p.gates > 0) {
        const float gate =
            floats(args, 4)[row * p.gates + (p.gates == p.heads ? h : h * p.k_size + d)];
        for (int64_t m = 0; m < n; ++m) s[m] *= gate;
      }
      if (p.rates > 0) {
        for (int64_t m = 0; m < n; ++m) seen[m] += s[m] * k[d];
      }
    }
    const float rate = p.rates > 0 ? floats(args, 5)[row * p.rates + (p.rates == 1 ? 0 : h)] : 1;
    for (int64_t m = 0; m < n; ++m) value[m] = (v[m] - seen[m]) * rate;
    for (int64_t d = 0; d < p.k_size; ++d) {
      float* s = state + d * p.v_size;
      for (int64_t m = 0; m < n; ++m) s[m] += k[d] * value[m];
    }
  }

  // For the heads of q that share this one.
  void read(int64_t t) const {
    const int64_t shared = p.q_heads / p.heads, row = b * p.steps + t;
    for (int64_t i = h * shared; i < (h + 1) * shared; ++i) {
      const float* q = floats(args, 0) + (row * p.q_heads + i) * p.k_size;
      float sum[lanes] = {};
      for (int64_t d = 0; d < p.k_size; ++d) {
        for (int64_t m = 0; m < n; ++m) sum[m] += q[d] * state[d * p.v_size + m];
      }
      float* y = static_cast<float*>(args.out[0]) + (row * p.q_heads + i) * p.v_size + first;
      for (int64_t m = 0; m < n; ++m) y[m] = p.scale * sum[m];
    }
  }
};

void run(const RunArgs& args) {
  auto& p = *static_cast<const LinearParams*>(args.params);
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t first = u % p.blocks * lanes, head = u / p.blocks;
    float* state = static_cast<float*>(args.out[1]) + head * p.k_size * p.v_size + first;
    const Columns c = {
        args, p, head / p.heads, head % p.heads, first, min_of(lanes, p.v_size - first), state};
    c.begin();
    for (int64_t t = 0; t < p.steps; ++t) {
      c.update(t);
      c.read(t);
    }
  }
}

}  // namespace

const Kernel linear_attention_f32_portable = {"linear_attention_f32_portable",
                                              "linear_attention",
                                              Isa::portable,
                                              1,
                                              bind,
                                              run,
                                              nullptr,
                                              nullptr};

}  // namespace hone::kernels
