#include "device/kernels/table/table_impl.h"

namespace hone::kernels::portable {

void table_run(const RunArgs& args) {
  const uint8_t* table = static_cast<const uint8_t*>(args.in[1]);
  table_runs(args, *static_cast<const TableParams*>(args.params),
             [table](const uint8_t* x, uint8_t* y, int64_t n) {
               for (int64_t i = 0; i < n; ++i) y[i] = table[x[i]];
             });
}

}  // namespace hone::kernels::portable
