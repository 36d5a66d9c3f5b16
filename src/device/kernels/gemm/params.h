// What gemm's bind functions check once for all kernels, and what its run functions read.
#pragma once

#include "device/kernels/gemm/gemm.h"
#include "device/kernels/simd/panels.h"

namespace hone::kernels {

constexpr int max_batch_dims = max_rank - 2;

struct GemmParams {
  int64_t m, n, k;  // of one matrix
  int64_t batch;    // matrices in y
  // Elements from one row of the stored matrix to the next. With trans_a a row of the stored matrix
  // is a column of a; b likewise. r_row 0: no residual.
  int64_t a_row, b_row, y_row, r_row;
  // Batch dimensions of y from the last to the first, and what one step along each adds to the
  // number of a's and b's matrix: 0 where the operand is broadcast.
  int32_t batch_dims;
  int64_t batch_shape[max_batch_dims], a_step[max_batch_dims], b_step[max_batch_dims];
  int64_t a_matrices, b_matrices;  // stored ones
  bool trans_a, trans_b, bias;
  float alpha;
  Act act;
  float act_a, act_b;
  Blocking blocking;  // of one product, in the tiled kernels
};
static_assert(sizeof(GemmParams) <= max_params_bytes);

// Number of a's matrix (steps = a_step) or b's for matrix `i` of y.
static inline int64_t matrix_of(const GemmParams& p, const int64_t* steps, int64_t i) {
  int64_t at = 0;
  for (int d = 0; d < p.batch_dims; ++d) {
    at += i % p.batch_shape[d] * steps[d];
    i /= p.batch_shape[d];
  }
  return at;
}

// Checks a, residual, y, bias and the attributes (not b), fills what it knows. `b_shape` is b's
// shape where it stands in the step, the shape it was packed from otherwise.
const char* check_gemm(const Step& step, const Shape& b_shape, GemmParams* p);
// The same with b as an f32 operand in rows.
const char* check_gemm_raw_b(const Step& step, GemmParams* p);

void gemm_f32_portable_run(const RunArgs& args);

struct GemmAnyParams {
  GemmParams gemm;
  DType type;
};
const char* bind_gemm_any(const Step& step, void* params, Work* work);
void gemm_any_portable_run(const RunArgs& args);

}  // namespace hone::kernels
