#include "device/kernels/gemm/tiled.h"

#include "common/base/checked.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

constexpr int64_t transposed_rows_per_unit = 64;

// One product: y = a b, b packed.
struct Product {
  const float* a;
  int64_t a_row;
  const float* panels;
  float* y;
  const float* residual;  // nullptr: none
  int64_t rows;
};

// Unit `unit` of `b.row_units * b.panel_units`.
void multiply_unit(const Tiling& t, const GemmParams& p, const Epilogue& e, const Product& x,
                   int64_t unit) {
  const Blocking& b = p.blocking;
  int64_t row_unit, panel_unit;
  split_unit(b, unit, &row_unit, &panel_unit);
  int64_t m_end = row_unit * b.rows + b.rows, n_begin = panel_unit * b.panels * t.panel.columns;
  int64_t n_end = n_begin + b.panels * t.panel.columns;
  if (m_end > x.rows) m_end = x.rows;
  if (n_end > p.n) n_end = p.n;
  const float* pointers[max_tile_rows];
  Tile tile{};
  tile.a = pointers, tile.taps = 1, tile.k = p.k;
  tile.y_row = p.y_row, tile.r_row = p.r_row, tile.epilogue = &e;
  for (int64_t m = row_unit * b.rows, rows; m < m_end; m += rows) {
    rows = next_rows(t, m_end - m);
    for (int64_t i = 0; i < rows; ++i) pointers[i] = x.a + (m + i) * x.a_row;
    for (int64_t n = n_begin; n < n_end; n += t.panel.columns) {
      tile.panel = x.panels + panel_offset(n, p.k);
      tile.columns = n_end - n < t.panel.columns ? n_end - n : t.panel.columns;
      tile.y = x.y + m * p.y_row + n;
      tile.residual = x.residual ? x.residual + m * p.r_row + n : nullptr;
      t.get(rows, panel_width(t.panel, p.n, n) / t.panel.width)(tile);
    }
  }
}

Epilogue epilogue_of(const GemmParams& p) { return make_epilogue(p.act, p.act_a, p.act_b, false); }

// What the workspace of the dynamic kernel holds, in floats.
int64_t packed_b_floats(const Tiling& t, const GemmParams& p) {
  return panel_floats(t.panel, p.n, p.k);
}

// Phase 0: one panel of one of b's matrices, then blocks of rows of transposed a.
void pack_unit(const Tiling& t, const GemmParams& p, const RunArgs& args, int64_t unit) {
  float* packed = static_cast<float*>(args.workspace);
  int64_t panels = panel_count(t.panel, p.n), b_units = p.b_matrices * panels;
  if (unit < b_units) {
    int64_t matrix = unit / panels;
    const float* b = static_cast<const float*>(args.in[1]);
    const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
    PanelSource source{b + matrix * (p.trans_b ? p.n : p.k) * p.b_row,
                       p.n,
                       p.k,
                       p.trans_b ? p.b_row : 1,
                       p.trans_b ? 1 : p.b_row,
                       p.alpha,
                       bias};
    pack_panel(t.panel, source, unit % panels, packed + matrix * packed_b_floats(t, p));
    return;
  }
  int64_t blocks = ceil_div(p.m, transposed_rows_per_unit);
  int64_t matrix = (unit - b_units) / blocks;
  int64_t begin = (unit - b_units) % blocks * transposed_rows_per_unit;
  int64_t end = begin + transposed_rows_per_unit < p.m ? begin + transposed_rows_per_unit : p.m;
  const float* a = static_cast<const float*>(args.in[0]) + matrix * p.k * p.a_row;
  float* rows = packed + p.b_matrices * packed_b_floats(t, p) + matrix * p.m * p.k;
  for (int64_t k = 0; k < p.k; ++k) {
    for (int64_t m = begin; m < end; ++m) rows[m * p.k + k] = a[k * p.a_row + m];
  }
}

// The shape a packed b had as a matrix of its own: what a and y leave for it.
Shape packed_b_shape(const Step& step, const GemmAttrs& attrs) {
  if (step.in.empty() || step.out.size() != 1) return {};
  const Shape &a = step.in[0].shape, &y = step.out[0].shape;
  if (a.rank() < 2 || y.rank() < 2) return {};
  int64_t k = a.back(attrs.trans_a ? 1 : 0), n = y.back();
  return attrs.trans_b ? Shape{n, k} : Shape{k, n};
}

}  // namespace

const char* bind_gemm_tiled(const Tiling& t, const Step& step, void* params, Work* work) {
  GemmParams* p = static_cast<GemmParams*>(params);
  const GemmAttrs* attrs = attrs_as<GemmAttrs>(step);
  if (!attrs) return "not the operands of a gemm";
  if (const char* reason = check_gemm(step, packed_b_shape(step, *attrs), p)) return reason;
  if (p->trans_a) return "a is transposed";
  if (p->bias) return "the bias is not constant";
  if (!is_blob(step.in[1], packed_b_floats(t, *p) * 4)) return "b not packed";
  *work = {};
  p->blocking = block_work(t.rows, t.panel, p->batch * p->m, p->n, p->k, p->batch * p->m * p->k);
  work->units[0] = p->blocking.row_units * p->blocking.panel_units;
  return nullptr;
}

int64_t gemm_tiled_bytes(const Tiling& t, const Step& step, int index) {
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  GemmParams p;
  if (index != 1 || check_gemm_raw_b(step, &p) || step.in[1].shape.rank() != 2) return 0;
  return packed_b_floats(t, p) * 4;
}

void pack_gemm_tiled(const Tiling& t, const Step& step, const void* const* raw, void* dst) {
  GemmParams p;
  if (check_gemm_raw_b(step, &p)) return;
  const float* bias = p.bias ? static_cast<const float*>(raw[2]) : nullptr;
  PanelSource source{static_cast<const float*>(raw[1]),
                     p.n,
                     p.k,
                     p.trans_b ? p.k : 1,
                     p.trans_b ? 1 : p.n,
                     p.alpha,
                     bias};
  pack_panels(t.panel, source, static_cast<float*>(dst));
}

void run_gemm_tiled(const Tiling& t, const RunArgs& args) {
  const GemmParams& p = *static_cast<const GemmParams*>(args.params);
  Epilogue e = epilogue_of(p);
  Product x{static_cast<const float*>(args.in[0]),
            p.a_row,
            static_cast<const float*>(args.in[1]),
            static_cast<float*>(args.out[0]),
            p.r_row ? static_cast<const float*>(args.in[3]) : nullptr,
            p.batch * p.m};
  for (int64_t unit = args.begin; unit < args.end; ++unit) multiply_unit(t, p, e, x, unit);
}

const char* bind_gemm_dynamic(const Tiling& t, const Step& step, void* params, Work* work) {
  GemmParams* p = static_cast<GemmParams*>(params);
  if (const char* reason = check_gemm_raw_b(step, p)) return reason;
  *work = {};
  work->phases = 2;
  if (p->batch == 0 || p->m == 0 || p->n == 0) {
    work->units[0] = 0;
    return nullptr;
  }
  p->blocking = block_work(t.rows, t.panel, p->m, p->n, p->k, p->m * p->k);
  int64_t floats = 0, b_units = 0, units = 0;
  int64_t per_product = p->blocking.row_units * p->blocking.panel_units;
  if (mul_overflows(p->b_matrices, packed_b_floats(t, *p), &floats) || floats > max_elements ||
      mul_overflows(p->b_matrices, panel_count(t.panel, p->n), &b_units) ||
      mul_overflows(p->batch, per_product, &units) || b_units > max_elements) {
    return "too large";
  }
  work->units[0] = b_units;
  work->units[1] = units;
  if (p->trans_a) {
    work->units[0] += p->a_matrices * ceil_div(p->m, transposed_rows_per_unit);
    floats += p->a_matrices * p->m * p->k;
  }
  work->workspace_bytes = floats * 4;
  return nullptr;
}

void run_gemm_dynamic(const Tiling& t, const RunArgs& args) {
  const GemmParams& p = *static_cast<const GemmParams*>(args.params);
  if (args.phase == 0) {
    for (int64_t unit = args.begin; unit < args.end; ++unit) pack_unit(t, p, args, unit);
    return;
  }
  Epilogue e = epilogue_of(p);
  const float* packed = static_cast<const float*>(args.workspace);
  const float* a = p.trans_a ? packed + p.b_matrices * packed_b_floats(t, p)
                             : static_cast<const float*>(args.in[0]);
  int64_t per_product = p.blocking.row_units * p.blocking.panel_units;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t i = unit / per_product;
    Product x{};
    x.a_row = p.trans_a ? p.k : p.a_row;
    x.a = a + matrix_of(p, p.a_step, i) * p.m * x.a_row;
    x.panels = packed + matrix_of(p, p.b_step, i) * packed_b_floats(t, p);
    x.y = static_cast<float*>(args.out[0]) + i * p.m * p.y_row;
    if (p.r_row) x.residual = static_cast<const float*>(args.in[3]) + i * p.m * p.r_row;
    x.rows = p.m;
    multiply_unit(t, p, e, x, unit % per_product);
  }
}

}  // namespace hone::kernels
