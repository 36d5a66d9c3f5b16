// Portable gemm: any operands as they are, plain loops over fixed numbers of lanes.
#include "device/kernels/gemm/params.h"
#include "device/kernels/simd/scalar_act.h"

namespace hone::kernels {
namespace {

constexpr int lanes = 8;

// sum_k a[k * a_step] b[k * b_row + l] for n <= lanes columns l.
void columns(const float* a, int64_t a_step, const float* b, int64_t b_row, int64_t k, int n,
             float* sum) {
  if (n == lanes) {
    for (int64_t i = 0; i < k; ++i) {
      for (int l = 0; l < lanes; ++l) sum[l] += a[i * a_step] * b[i * b_row + l];
    }
  } else {
    for (int64_t i = 0; i < k; ++i) {
      for (int l = 0; l < n; ++l) sum[l] += a[i * a_step] * b[i * b_row + l];
    }
  }
}

// The same with b stored transposed: n dot products.
void dots(const float* a, int64_t a_step, const float* b, int64_t b_row, int64_t k, int n,
          float* sum) {
  for (int j = 0; j < n; ++j) {
    const float* row = b + j * b_row;
    float part[lanes] = {};
    int64_t i = 0;
    if (a_step == 1) {
      for (; i + lanes <= k; i += lanes) {
        for (int l = 0; l < lanes; ++l) part[l] += a[i + l] * row[i + l];
      }
    }
    for (; i < k; ++i) part[0] += a[i * a_step] * row[i];
    for (int l = 0; l < lanes; ++l) sum[j] += part[l];
  }
}

}  // namespace

// A unit is one row of y.
void gemm_f32_portable_run(const RunArgs& args) {
  const GemmParams& p = *static_cast<const GemmParams*>(args.params);
  const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
  for (int64_t row = args.begin; row < args.end; ++row) {
    int64_t matrix = row / p.m, i = row % p.m;
    int64_t a_rows = matrix_of(p, p.a_step, matrix) * (p.trans_a ? p.k : p.m);
    int64_t b_rows = matrix_of(p, p.b_step, matrix) * (p.trans_b ? p.n : p.k);
    const float* a = static_cast<const float*>(args.in[0]) +
                     (p.trans_a ? a_rows * p.a_row + i : (a_rows + i) * p.a_row);
    const float* b = static_cast<const float*>(args.in[1]) + b_rows * p.b_row;
    int64_t a_step = p.trans_a ? p.a_row : 1;
    float* y = static_cast<float*>(args.out[0]) + row * p.y_row;
    const float* residual =
        p.r_row ? static_cast<const float*>(args.in[3]) + row * p.r_row : nullptr;
    for (int64_t j = 0; j < p.n; j += lanes) {
      int n = p.n - j < lanes ? static_cast<int>(p.n - j) : lanes;
      float sum[lanes] = {};
      if (p.trans_b) {
        dots(a, a_step, b + j * p.b_row, p.b_row, p.k, n, sum);
      } else {
        columns(a, a_step, b + j, p.b_row, p.k, n, sum);
      }
      for (int l = 0; l < n; ++l) {
        float v = p.alpha * sum[l];
        if (bias) v += bias[j + l];
        if (residual) v += residual[j + l];
        y[j + l] = scalar_act(p.act, p.act_a, p.act_b, v);
      }
    }
  }
}

}  // namespace hone::kernels
