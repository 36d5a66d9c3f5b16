#include "device/kernels/conv/tiled.h"

#include "device/kernels/conv/depthwise.h"
#include "device/kernels/conv/windows.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

int64_t group_floats(const ConvParams& p, PanelShape s) {
  return panel_floats(s, p.og, p.taps * p.cg);
}

// Units of tiles; x: the pictures.
void run_units(const Tiling& t, const ConvParams& p, const float* pictures, const RunArgs& args) {
  const Blocking& b = p.blocking;
  WindowScratch s = window_scratch(p, args.scratch);
  Epilogue epilogue = make_epilogue(p.act, p.act_a, p.act_b, p.residual_after_act);
  int64_t k = p.taps * p.cg, pixels = p.batch * p.oh * p.ow;
  int64_t units_per_group = b.row_units * b.panel_units;
  Tile tile{};
  tile.a = s.pointers;
  tile.y_row = p.y_row, tile.r_row = p.r_row, tile.epilogue = &epilogue;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t g = unit / units_per_group, row_unit, panel_unit;
    split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
    const float* x = pictures + g * p.cg;
    const float* w = static_cast<const float*>(args.in[1]) + g * group_floats(p, t.panel);
    int64_t m_end = row_unit * b.rows + b.rows < pixels ? row_unit * b.rows + b.rows : pixels;
    int64_t o_begin = panel_unit * b.panels * t.panel.columns;
    int64_t o_end = o_begin + b.panels * t.panel.columns;
    if (o_end > p.og) o_end = p.og;
    for (int64_t m = row_unit * b.rows, rows; m < m_end; m += rows) {
      rows = next_rows(t, m_end - m);
      find_pointers(p, x, m, static_cast<int>(rows), s, &tile);
      for (int64_t o = o_begin; o < o_end; o += t.panel.columns) {
        tile.panel = w + panel_offset(o, k);
        tile.columns = o_end - o < t.panel.columns ? o_end - o : t.panel.columns;
        tile.y = static_cast<float*>(args.out[0]) + m * p.y_row + g * p.og + o;
        tile.residual =
            p.r_row ? static_cast<const float*>(args.in[3]) + m * p.r_row + g * p.og + o : nullptr;
        t.get(rows, panel_width(t.panel, p.og, o) / t.panel.width)(tile);
      }
    }
  }
}

}  // namespace

const char* bind_conv_tiled(const Tiling& t, const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv(step, p)) return reason;
  // A tile of one column by one k per group would waste all but a lane.
  if (p->c > 1 && is_depthwise(*p)) return "depthwise convolutions have kernels of their own";
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], group_floats(*p, t.panel) * p->groups * 4)) return "weights not packed";
  *work = {};
  int64_t pixels = p->batch * p->oh * p->ow;
  p->blocking =
      block_work(t.rows, t.panel, pixels, p->og, p->taps * p->cg, p->batch * p->h * p->w * p->cg);
  work->units[0] = p->groups * p->blocking.row_units * p->blocking.panel_units;
  work->scratch_bytes = window_scratch_bytes(*p);
  work->workspace_bytes = padded_bytes(*p);
  if (pads_first(*p)) {
    work->phases = 2;
    work->units[1] = work->units[0];
    work->units[0] = p->batch * padded(*p).h;
  }
  return nullptr;
}

int64_t conv_tiled_bytes(const Tiling& t, const Step& step, int index) {
  ConvParams p;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  if (index != 1 || check_conv_raw_weights(step, &p)) return 0;
  return group_floats(p, t.panel) * p.groups * 4;
}

void pack_conv_tiled(const Tiling& t, const Step& step, const void* const* raw, int, void* dst) {
  ConvParams p;
  if (check_conv_raw_weights(step, &p)) return;
  const float* bias = p.bias ? static_cast<const float*>(raw[2]) : nullptr;
  int64_t k = p.taps * p.cg;
  for (int64_t g = 0; g < p.groups; ++g) {
    const float* w = static_cast<const float*>(raw[1]) + g * p.og * k;
    PanelSource source{w, p.og, k, k, 1, 1.0f, bias ? bias + g * p.og : nullptr};
    pack_panels(t.panel, source, static_cast<float*>(dst) + g * group_floats(p, t.panel));
  }
}

void run_conv_tiled(const Tiling& t, const RunArgs& args) {
  const ConvParams& p = *static_cast<const ConvParams*>(args.params);
  if (!pads_first(p)) return run_units(t, p, static_cast<const float*>(args.in[0]), args);
  const ConvParams to = padded(p);
  float* picture = static_cast<float*>(args.workspace);
  if (args.phase == 1) return run_units(t, to, picture, args);
  pad_rows(p, to, static_cast<const float*>(args.in[0]), args.begin, args.end, picture);
}

}  // namespace hone::kernels
