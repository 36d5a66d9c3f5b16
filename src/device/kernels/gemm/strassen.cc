#include "device/kernels/gemm/strassen.h"

#include "device/kernels/gemm/params.h"
#include "device/kernels/gemm/tiled.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

struct Params {
  GemmParams gemm;
  StrassenBlocking blocking;
};
static_assert(sizeof(Params) <= max_params_bytes);

}  // namespace

const char* bind_gemm_strassen(const Strassen& s, const Step& step, void* params, Work* work) {
  Params* p = static_cast<Params*>(params);
  *p = {};
  GemmParams& g = p->gemm;
  if (const char* reason = check_gemm_packed_b(step, &g)) return reason;
  if (const char* reason = check_strassen(g.n, g.k)) return reason;
  if (!is_blob(step.in[1], strassen_floats(s, g.n, g.k) * 4)) return "b not packed";
  const int64_t rows = g.batch * g.m;
  p->blocking = block_strassen(s, rows, g.n, g.k);
  *work = {};
  work->units[0] = p->blocking.row_units * p->blocking.panel_units;
  work->scratch_bytes = strassen_scratch_bytes(s, rows, g.k);
  return nullptr;
}

int64_t gemm_strassen_bytes(const Strassen& s, const Step& step, int index) {
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  GemmParams p;
  if (index != 1 || check_gemm_raw_b(step, &p) || step.in[1].shape.rank() != 2) return 0;
  return check_strassen(p.n, p.k) ? 0 : strassen_floats(s, p.n, p.k) * 4;
}

void pack_gemm_strassen(const Strassen& s, const Step& step, const void* const* raw, void* dst) {
  GemmParams p;
  if (check_gemm_raw_b(step, &p) || check_strassen(p.n, p.k)) return;
  pack_strassen(s, gemm_panel_source(p, raw), static_cast<float*>(dst));
}

void run_gemm_strassen(const Strassen& s, const RunArgs& args) {
  const Params& p = *static_cast<const Params*>(args.params);
  const GemmParams& g = p.gemm;
  const Epilogue epilogue = make_epilogue(g.act, g.act_a, g.act_b, false);
  const StrassenProduct product{static_cast<const float*>(args.in[0]),
                                static_cast<const float*>(args.in[1]),
                                static_cast<float*>(args.out[0]),
                                g.r_row ? static_cast<const float*>(args.in[3]) : nullptr,
                                g.a_row,
                                g.y_row,
                                g.r_row,
                                g.batch * g.m,
                                g.n,
                                g.k,
                                &epilogue};
  run_strassen(s, p.blocking, product, args.begin, args.end, args.scratch);
}

}  // namespace hone::kernels
