// What table.cc shares with the files that run.
#pragma once

#include "device/kernels/table/table.h"

namespace hone::kernels {

struct TableParams {
  int64_t rows, columns;  // of a dense tensor: one row
  int64_t x_row, y_row;   // bytes from one row to the next
  int64_t unit_rows, unit_columns;
  int64_t column_units;
};

// Calls run(x, y, n) for each run of bytes of these units.
template <class Run>
static inline void table_runs(const RunArgs& args, const TableParams& p, Run&& run) {
  const uint8_t* x = static_cast<const uint8_t*>(args.in[0]);
  uint8_t* y = static_cast<uint8_t*>(args.out[0]);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t first = unit / p.column_units * p.unit_rows;
    const int64_t column = unit % p.column_units * p.unit_columns;
    const int64_t last = first + p.unit_rows < p.rows ? first + p.unit_rows : p.rows;
    const int64_t left = p.columns - column;
    const int64_t n = left < p.unit_columns ? left : p.unit_columns;
    for (int64_t row = first; row < last; ++row) {
      run(x + row * p.x_row + column, y + row * p.y_row + column, n);
    }
  }
}

namespace portable {
void table_run(const RunArgs& args);
}
namespace avx2 {
void table_run(const RunArgs& args);
}
namespace avx512 {
void table_run(const RunArgs& args);
}
namespace neon {
void table_run(const RunArgs& args);
}

}  // namespace hone::kernels
