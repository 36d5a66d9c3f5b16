#include "device/kernels/hconv/tiled.h"

#include <cstring>

#include "common/base/checked.h"
#include "device/kernels/conv/depthwise.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Bytes of one gathered window.
int64_t window_bytes(const HTiling& t, const ConvParams& c) { return depth_of(c) * t.a_element; }

// Output pixel m's window as its tile reads it: one tap's channels after the other, 0 outside.
struct Gather {
  const HTiling& t;
  const HConvParams& p;
  const uint16_t* x;  // the group's first channel

  void zeros(int64_t n, uint8_t* to) const {
    std::memset(to, 0, static_cast<size_t>(n * t.a_element));
  }
  // Columns of the kernel at row `iy` of picture n.
  void row(int64_t n, int64_t iy, int64_t ix, uint8_t* to) const {
    const ConvParams& c = p.conv;
    const HGather gather = t.of(p.type).gather;
    const int64_t last = ix + (c.kw - 1) * c.dw;
    const uint16_t* from = x + (n * c.h + iy) * c.w * c.x_row;
    if (ix >= 0 && last < c.w && c.groups == 1 && c.dw == 1 && c.x_row == c.c) {
      return gather(from + ix * c.x_row, c.kw * c.cg, to);  // nothing lies between the taps
    }
    for (int64_t kx = 0; kx < c.kw; ++kx, ix += c.dw, to += c.cg * t.a_element) {
      if (ix >= 0 && ix < c.w) {
        gather(from + ix * c.x_row, c.cg, to);
      } else {
        zeros(c.cg, to);
      }
    }
  }
  void window(int64_t m, uint8_t* to) const {
    const ConvParams& c = p.conv;
    const int64_t ox = m % c.ow, oy = m / c.ow % c.oh, n = m / c.ow / c.oh;
    const int64_t row_elements = c.kw * c.cg;
    int64_t iy = oy * c.sh - c.pt;
    for (int64_t ky = 0; ky < c.kh; ++ky, iy += c.dh, to += row_elements * t.a_element) {
      if (iy >= 0 && iy < c.h) {
        row(n, iy, ox * c.sw - c.pl, to);
      } else {
        zeros(row_elements, to);
      }
    }
    zeros(depth_of(c) - c.taps * c.cg, to);
  }
};

struct Job {
  const HTiling& t;
  const HConvParams& p;
  const RunArgs& args;
  Epilogue epilogue;
};

void run_unit(const Job& job, int64_t unit) {
  const HTiling& t = job.t;
  const ConvParams& c = job.p.conv;
  const Blocking& b = c.blocking;
  const int64_t pixels = c.batch * c.oh * c.ow, units_per_group = b.row_units * b.panel_units;
  int64_t g = unit / units_per_group, row_unit, panel_unit;
  split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
  const Gather gather{t, job.p, static_cast<const uint16_t*>(job.args.in[0]) + g * c.cg};
  const uint8_t* w = static_cast<const uint8_t*>(job.args.in[1]) + g * hgroup_bytes(t, c);
  const int64_t m_end = row_unit * b.rows + b.rows < pixels ? row_unit * b.rows + b.rows : pixels;
  const int64_t o_begin = panel_unit * b.panels * t.panel.columns;
  int64_t o_end = o_begin + b.panels * t.panel.columns;
  if (o_end > c.og) o_end = c.og;
  const int64_t y_bytes = bits(job.p.y_type) / 8;
  uint8_t* windows = static_cast<uint8_t*>(job.args.scratch);
  HTile tile{};
  tile.a = windows, tile.a_bytes = window_bytes(t, c), tile.pairs = depth_of(c) / 2;
  tile.y_type = job.p.y_type, tile.y_row = c.y_row, tile.r_row = c.r_row;
  tile.epilogue = &job.epilogue;
  for (int64_t m = row_unit * b.rows, rows; m < m_end; m += rows) {
    const int64_t left = m_end - m, tiles = ceil_div(left, t.rows);
    rows = ceil_div(left, tiles);  // as even as whole tiles allow
    for (int64_t i = 0; i < rows; ++i) gather.window(m + i, windows + i * tile.a_bytes);
    for (int64_t o = o_begin; o < o_end; o += t.panel.columns) {
      const int64_t at = g * c.og + o;
      tile.panel = w + o * hcolumn_bytes(c);
      tile.columns = o_end - o < t.panel.columns ? o_end - o : t.panel.columns;
      tile.y = static_cast<uint8_t*>(job.args.out[0]) + (m * c.y_row + at) * y_bytes;
      if (c.r_row) {
        tile.residual = static_cast<const uint8_t*>(job.args.in[3]) + (m * c.r_row + at) * y_bytes;
      }
      const int64_t vectors = panel_width(t.panel, c.og, o) / t.panel.width;
      t.of(job.p.type).functions[(vectors - 1) * t.rows + rows - 1](tile);
    }
  }
}

// Sizes of a step whose attributes, x and y were checked; false where they overflow.
bool weights_fit(const HTiling& t, const ConvParams& c, int64_t* bytes) {
  int64_t columns = 0;
  return !mul_overflows(round_up(c.og, t.panel.width), c.groups, &columns) &&
         !mul_overflows(columns, hcolumn_bytes(c), bytes) && *bytes <= max_elements * 4;
}

int64_t dw_bytes(int width, const ConvParams& c) {
  return panel_floats({width, width}, c.c, c.taps) * 4;
}

}  // namespace

const char* bind_hconv_tiled(const HTiling& t, const Step& step, void* params, Work* work) {
  HConvParams* p = static_cast<HConvParams*>(params);
  if (const char* reason = check_hconv(step, p)) return reason;
  ConvParams& c = p->conv;
  if (t.of(p->type).functions == nullptr) return "not of this type";
  if (c.c > 1 && is_depthwise(c)) return "depthwise has kernels of its own";
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  int64_t weights = 0;
  if (!weights_fit(t, c, &weights)) return "too large";
  if (!is_blob(step.in[1], weights)) return "weights not packed";
  const int64_t pixels = c.batch * c.oh * c.ow;
  c.blocking = block_work(t.rows, t.panel, pixels, c.og, depth_of(c) / 2,
                          c.batch * c.h * c.w * ceil_div(c.cg, 2));
  *work = {};
  work->units[0] = c.groups * c.blocking.row_units * c.blocking.panel_units;
  work->scratch_bytes = window_bytes(t, c) * (pixels < t.rows ? pixels : t.rows);
  return nullptr;
}

int64_t hconv_tiled_bytes(const HTiling& t, const Step& step, int index) {
  HConvParams p;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  int64_t weights = 0;
  if (index != 1 || check_hconv_raw_weights(step, &p)) return 0;
  return weights_fit(t, p.conv, &weights) ? weights : 0;
}

void run_hconv_tiled(const HTiling& t, const RunArgs& args) {
  const HConvParams& p = *static_cast<const HConvParams*>(args.params);
  const ConvParams& c = p.conv;
  const Job job{t, p, args, make_epilogue(c.act, c.act_a, c.act_b, c.residual_after_act)};
  for (int64_t unit = args.begin; unit < args.end; ++unit) run_unit(job, unit);
}

const char* bind_hconv_dw(int width, const Step& step, void* params, Work* work) {
  HConvParams* p = static_cast<HConvParams*>(params);
  if (const char* reason = check_hconv(step, p)) return reason;
  if (!is_depthwise(p->conv)) return "not depthwise";
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], dw_bytes(width, p->conv))) return "weights not packed";
  set_depthwise_work(width, &p->conv, work);
  return nullptr;
}

int64_t hconv_dw_bytes(int width, const Step& step, int index) {
  HConvParams p;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  if (index != 1 || check_hconv_raw_weights(step, &p) || !is_depthwise(p.conv)) return 0;
  return dw_bytes(width, p.conv);
}

}  // namespace hone::kernels
