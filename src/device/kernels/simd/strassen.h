// A product with packed weights by one step of Strassen's algorithm: 7 products of half the rows,
// half the sums and half the columns instead of 8. Strassen: Gaussian Elimination is not Optimal
// (1969). Rows are halved unit by unit, so the sums of rows stay in the cache; sums of weights are
// packed.
//
// The error is bounded by the largest terms of the four results that share products, not by each
// one's own (Higham: Accuracy and Stability of Numerical Algorithms, 23.2.2): rows of one unit are
// mixed, as Winograd's convolution mixes pixels of one tile.
#pragma once

#include <cstdint>

#include "device/kernels/simd/tile.h"

namespace hone::kernels {

// Rows of the factor from memory: the sums of their quarters that products need. Of `rows` pairs.
struct StrassenSums {
  const float* x;  // row i and row top + i, of 2 k values
  int64_t x_row, top, bottom, k;
  const float* zeros;  // k: the row that is missing where bottom < top
  float* sums;         // [5][top], sums_row apart
  int64_t sums_row;
};

// The results of two panels of columns from their seven products.
struct StrassenFinish {
  float* products;  // [7][top][wide], product_step apart; overwritten
  int64_t product_step, wide, top, bottom;
  // Of the left half; the right one lies `right` columns on, the lower one `lower` rows.
  float* y;
  const float* residual;  // nullptr: none
  int64_t y_row, r_row, lower, right, columns;
  const Epilogue* epilogue;
};

struct StrassenLoops {
  void (*add_rows)(const StrassenSums& s);
  void (*finish)(const StrassenFinish& f);
};
struct Strassen {
  const Tiling* tiling;
  const StrassenLoops* loops;
};

// nullptr, or why a product of n columns and sums of k is not taken.
const char* check_strassen(int64_t n, int64_t k);
int64_t strassen_floats(const Strassen& s, int64_t n, int64_t k);
void pack_strassen(const Strassen& s, const PanelSource& source, float* dst);

// How the work is cut: units of `block` rows times `panels` panels of half the columns.
struct StrassenBlocking {
  int64_t block, row_units, panels, panel_units;
};
StrassenBlocking block_strassen(const Strassen& s, int64_t rows, int64_t n, int64_t k);
// Of one thread; grows with rows, up to a bound.
int64_t strassen_scratch_bytes(const Strassen& s, int64_t rows, int64_t k);

// y = finish(bias + x w) for the weights packed at `panels`.
struct StrassenProduct {
  const float *x, *panels;
  float* y;
  const float* residual;  // nullptr: none; may be y
  int64_t x_row, y_row, r_row, rows, n, k;
  const Epilogue* epilogue;
};
// Units [begin, end) of row_units * panel_units.
void run_strassen(const Strassen& s, const StrassenBlocking& b, const StrassenProduct& p,
                  int64_t begin, int64_t end, void* scratch);

#if defined(__x86_64__)
namespace avx2 {
extern const StrassenLoops strassen_loops;
}
namespace avx512 {
extern const StrassenLoops strassen_loops;
}
#endif
namespace neon {
#if defined(__aarch64__)
extern const StrassenLoops strassen_loops;
#else
constexpr StrassenLoops strassen_loops = {nullptr, nullptr};
#endif
}  // namespace neon

#if defined(__x86_64__)
constexpr Strassen avx512_strassen_14x32 = {&avx512_14x32, &avx512::strassen_loops};
constexpr Strassen avx2_strassen_6x16 = {&avx2_6x16, &avx2::strassen_loops};
#endif
constexpr Strassen neon_strassen_6x16 = {&neon_6x16, &neon::strassen_loops};

}  // namespace hone::kernels
