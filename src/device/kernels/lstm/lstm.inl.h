// LSTM on packed weights. Included after simd/<isa>.h.
#pragma once

#include "device/kernels/lstm/lstm_impl.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels::HONE_ISA {
namespace {

#include "device/kernels/lstm/cell.inl.h"

// gates[r][0..64) = start + sum over k of a[r][k] panel[k], for `rows` rows and `vectors` of the
// panel's columns. Two rows of k at a time where few sums would wait for each other.
template <int rows, int vectors>
HONE_INLINE void multiply(const float* a, int64_t a_row, const float* panel, int64_t k_count,
                          const float* start, int64_t start_row, float* y, int64_t y_row) {
  constexpr int ways = rows * vectors <= 4 ? 2 : 1;
  V sum[ways][rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      sum[0][r][v] = load(start + r * start_row + v * width);
      if (ways == 2) sum[ways - 1][r][v] = zero();
    }
  }
  int64_t k = 0;
  for (; k + ways <= k_count; k += ways) {
    for (int w = 0; w < ways; ++w) {
      const float* row = panel + (k + w) * lstm_panel;
      for (int r = 0; r < rows; ++r) {
        V scale = set1(a[r * a_row + k + w]);
        for (int v = 0; v < vectors; ++v) {
          sum[w][r][v] = fma(scale, load(row + v * width), sum[w][r][v]);
        }
      }
    }
  }
  for (; k < k_count; ++k) {
    for (int r = 0; r < rows; ++r) {
      V scale = set1(a[r * a_row + k]);
      for (int v = 0; v < vectors; ++v) {
        sum[0][r][v] = fma(scale, load(panel + k * lstm_panel + v * width), sum[0][r][v]);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) {
      V total = ways == 2 ? add(sum[0][r][v], sum[ways - 1][r][v]) : sum[0][r][v];
      store(y + r * y_row + v * width, total);
    }
  }
}

// One panel for up to lstm_rows rows. start_row is 0 where every row starts from the bias.
void multiply_panel(int rows, const float* a, int64_t a_row, const float* panel, int64_t k_count,
                    const float* start, int64_t start_row, float* y, int64_t y_row) {
  constexpr int all = lstm_panel / width, part = width == 8 ? 2 : 4;  // what registers hold
  if (rows == lstm_rows) {
    for (int at = 0; at < lstm_panel; at += part * width) {
      multiply<lstm_rows, part>(a, a_row, panel + at, k_count, start + at, start_row, y + at,
                                y_row);
    }
    return;
  }
  for (int r = 0; r < rows; ++r) {
    multiply<1, all>(a + r * a_row, a_row, panel, k_count, start + r * start_row, start_row,
                     y + r * y_row, y_row);
  }
}

void run_inputs(const RunArgs& args, const LstmParams& p) {
  const int64_t rows = p.steps * p.batch, gates = 4 * p.hidden;
  const int64_t one = p.width + p.width * p.input;  // floats of one direction's packing
  const float* bias = static_cast<const float*>(lstm_in(args, p, lstm_bias));
  for (int64_t u = args.begin; u < args.end; ++u) {
    int64_t g0 = u % p.gate_blocks * p.gate_block, rest = u / p.gate_blocks;
    int64_t r0 = rest % p.row_blocks * p.row_block, d = rest / p.row_blocks;
    int64_t g1 = g0 + p.gate_block < p.width ? g0 + p.gate_block : p.width;
    int64_t r1 = r0 + p.row_block < rows ? r0 + p.row_block : rows;
    const float* packed = static_cast<const float*>(args.in[lstm_w]) + d * one;
    const float* x = static_cast<const float*>(args.in[lstm_x]);
    float* to = static_cast<float*>(args.workspace) + d * rows * p.width;
    for (int64_t g = g0; g < g1; g += lstm_panel) {
      const float* panel = packed + p.width + g * p.input;
      for (int64_t r = r0; r < r1; r += lstm_rows) {
        int count = static_cast<int>(r1 - r < lstm_rows ? r1 - r : lstm_rows);
        multiply_panel(count, x + r * p.input, p.input, panel, p.input, packed + g, 0,
                       to + r * p.width + g, p.width);
      }
    }
    if (!bias) continue;  // packed, or there is none
    const float *wb = bias + d * 2 * gates, *rb = wb + gates;
    int64_t end = g1 < gates ? g1 : gates;
    for (int64_t r = r0; r < r1; ++r) {
      for (int64_t g = g0; g < end; ++g) to[r * p.width + g] += wb[g] + rb[g];
    }
  }
}

void run_recurrence(const RunArgs& args, const LstmParams& p) {
  for (int64_t u = args.begin; u < args.end; ++u) {
    int64_t b0 = u % p.batch_blocks * lstm_rows, d = u / p.batch_blocks;
    const float* packed = static_cast<const float*>(args.in[lstm_r]) + d * p.width * p.hidden;
    int rows = static_cast<int>(p.batch - b0 < lstm_rows ? p.batch - b0 : lstm_rows);
    run_sequence(args, p, static_cast<int>(d), b0, rows,
                 [&](float* gates, const float* h, int count) {
                   for (int64_t g = 0; g < p.width; g += lstm_panel) {
                     multiply_panel(count, h, p.hidden, packed + g * p.hidden, p.hidden, gates + g,
                                    p.width, gates + g, p.width);
                   }
                 });
  }
}

}  // namespace

void lstm_f32(const RunArgs& args) {
  auto& p = *static_cast<const LstmParams*>(args.params);
  args.phase == 0 ? run_inputs(args, p) : run_recurrence(args, p);
}

}  // namespace hone::kernels::HONE_ISA
