#include "device/kernels/table/table.h"

#include "common/base/checked.h"
#include "device/kernels/arm.h"
#include "device/kernels/rows.h"
#include "device/kernels/table/table_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/table/kernels.inc"
#undef HONE_KERNEL

namespace {

const char* bind(const Step& step, void* params, Work* work) {
  if (step.in.size() != 2 || step.out.size() != 1 || !step.attrs.empty()) return "table: operands";
  const Operand &x = step.in[0], &table = step.in[1], &y = step.out[0];
  auto* p = static_cast<TableParams*>(params);
  *p = {};
  int64_t n = 0;
  if (!byte_rows(x, &p->x_row) || !byte_rows(y, &p->y_row))
    return "table: x or y is no bytes in rows";
  if (!(x.shape == y.shape)) return "table: shapes differ";
  if (!(table.shape == Shape{256}) || !is_dense(table)) return "table: not 256 entries";
  if (table.dtype != y.dtype) return "table: type of the result";
  if (!x.shape.count_checked(&n)) return "table: too large";
  *work = {};
  work->units[0] = 0;
  p->columns = x.shape.back();
  if (n == 0) return nullptr;
  p->rows = n / p->columns;
  if (is_dense(x) && is_dense(y)) p->rows = 1, p->columns = n;
  p->unit_columns = p->columns < chunk ? p->columns : chunk;
  p->unit_rows = chunk / p->unit_columns;
  p->column_units = ceil_div(p->columns, p->unit_columns);
  work->units[0] = ceil_div(p->rows, p->unit_rows) * p->column_units;
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel table_8bit_avx512 = {"table_8bit_avx512", "table", Isa::avx512, 1, bind,
                                  avx512::table_run,   nullptr, nullptr};
const Kernel table_8bit_avx2 = {"table_8bit_avx2", "table", Isa::avx2, 1, bind,
                                avx2::table_run,   nullptr, nullptr};
#endif
const Kernel table_8bit_neon = {
    "table_8bit_neon", "table", Isa::neon, 1, bind, HONE_ON_ARM(neon::table_run), nullptr, nullptr};
const Kernel table_8bit_portable = {"table_8bit_portable", "table", Isa::portable, 1, bind,
                                    portable::table_run,   nullptr, nullptr};

}  // namespace hone::kernels
