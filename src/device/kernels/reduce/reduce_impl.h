// What reduce.cc shares with the files that run.
#pragma once

#include "device/kernels/loops.h"
#include "device/kernels/reduce/reduce.h"

namespace hone::kernels {

constexpr int reduce_block = 64;  // columns that are reduced side by side

struct ReduceParams {
  Reduce op;
  DType dtype;
  bool last;  // of equal ones, for arg_max and arg_min
  // By rows: the innermost dimension of x is reduced, a result is made from runs of contiguous
  // elements. By columns: the innermost dimension is kept, contiguous and cut into blocks.
  bool by_rows;
  Loops<1> kept;     // over y, strides of x
  Loops<1> reduced;  // over what makes one result, strides of x
  int64_t columns;   // innermost kept dimension, by columns
  int64_t blocks;    // of columns in all
  int64_t per_unit;  // results (by rows) or blocks
};

// Block b of the columns: where it begins in x and y, how many columns it has.
struct ReduceBlock {
  int64_t x, y;
  int count;
};

static inline ReduceBlock reduce_block_at(const ReduceParams& p, int64_t b) {
  int64_t across = (p.columns + reduce_block - 1) / reduce_block;
  int64_t column = b % across * reduce_block, y = b / across * p.columns + column;
  int64_t left = p.columns - column;
  return {offset_at(p.kept, 0, y), y, static_cast<int>(left < reduce_block ? left : reduce_block)};
}

static constexpr bool is_arg(Reduce op) { return op == Reduce::arg_max || op == Reduce::arg_min; }

namespace portable {
void reduce_any(const RunArgs& args);
}
namespace avx2 {
void reduce_f32(const RunArgs& args);
}
namespace avx512 {
void reduce_f32(const RunArgs& args);
}
namespace neon {
void reduce_f32(const RunArgs& args);
}

}  // namespace hone::kernels
