// Portable gemm: any operands as they are, plain loops over fixed numbers of lanes.
#include "device/kernels/gemm/params.h"
#include "device/kernels/simd/scalar_act.h"

namespace hone::kernels {
namespace {

constexpr int lanes = 16;  // columns at a time: a cache line of b
constexpr int rows = 2;    // rows at a time

// sum[i][l] = sum_k a[i a_row + k a_step] b[k b_row + l] for n <= lanes columns l.
void columns(const float* const (&a)[rows], int64_t a_step, const float* b, int64_t b_row,
             int64_t k, int n, float (&sum)[rows][lanes]) {
  for (int64_t i = 0; i < k; ++i, b += b_row) {
    float a0 = a[0][i * a_step], a1 = a[1][i * a_step];
    if (n == lanes) {
      for (int l = 0; l < lanes; ++l) sum[0][l] += a0 * b[l];
      for (int l = 0; l < lanes; ++l) sum[1][l] += a1 * b[l];
    } else {
      for (int l = 0; l < n; ++l) sum[0][l] += a0 * b[l], sum[1][l] += a1 * b[l];
    }
  }
}

// The same with b stored transposed, for one row of a: n dot products.
void dots(const float* a, int64_t a_step, const float* b, int64_t b_row, int64_t k, int n,
          float* sum) {
  for (int j = 0; j < n; ++j, b += b_row) {
    float part[lanes] = {};
    int64_t i = 0;
    if (a_step == 1) {
      for (; i + lanes <= k; i += lanes) {
        for (int l = 0; l < lanes; ++l) part[l] += a[i + l] * b[i + l];
      }
    }
    for (; i < k; ++i) part[0] += a[i * a_step] * b[i];
    for (int l = 0; l < lanes; ++l) sum[j] += part[l];
  }
}

// Where one product's operands lie.
struct Product {
  const float *a, *b;
  int64_t a_row, a_step;  // from one row of the product, one k, to the next
};
Product product_of(const GemmParams& p, const RunArgs& args, int64_t matrix) {
  Product x;
  int64_t a_rows = matrix_of(p, p.a_step, matrix) * (p.trans_a ? p.k : p.m);
  int64_t b_rows = matrix_of(p, p.b_step, matrix) * (p.trans_b ? p.n : p.k);
  x.a = static_cast<const float*>(args.in[0]) + a_rows * p.a_row;
  x.b = static_cast<const float*>(args.in[1]) + b_rows * p.b_row;
  x.a_row = p.trans_a ? 1 : p.a_row, x.a_step = p.trans_a ? p.a_row : 1;
  return x;
}

}  // namespace

// A unit is `rows` rows of one product, the last one of a product may have fewer.
void gemm_f32_portable_run(const RunArgs& args) {
  const GemmParams& p = *static_cast<const GemmParams*>(args.params);
  const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
  const int64_t units_per_product = (p.m + rows - 1) / rows;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t matrix = unit / units_per_product, m = unit % units_per_product * rows;
    int count = p.m - m < rows ? static_cast<int>(p.m - m) : rows;
    Product x = product_of(p, args, matrix);
    const float* a[rows];
    for (int i = 0; i < rows; ++i) a[i] = x.a + (m + (i < count ? i : 0)) * x.a_row;
    for (int64_t j = 0; j < p.n; j += lanes) {
      int n = p.n - j < lanes ? static_cast<int>(p.n - j) : lanes;
      float sum[rows][lanes] = {};
      if (p.trans_b) {
        for (int i = 0; i < count; ++i) {
          dots(a[i], x.a_step, x.b + j * p.b_row, p.b_row, p.k, n, sum[i]);
        }
      } else {
        columns(a, x.a_step, x.b + j, p.b_row, p.k, n, sum);
      }
      for (int i = 0; i < count; ++i) {
        int64_t row = matrix * p.m + m + i;
        float* y = static_cast<float*>(args.out[0]) + row * p.y_row + j;
        const float* residual =
            p.r_row ? static_cast<const float*>(args.in[3]) + row * p.r_row + j : nullptr;
        for (int l = 0; l < n; ++l) {
          float v = p.alpha * sum[i][l];
          if (bias) v += bias[j + l];
          if (residual) v += residual[l];
          y[l] = scalar_act(p.act, p.act_a, p.act_b, v);
        }
      }
    }
  }
}

}  // namespace hone::kernels
