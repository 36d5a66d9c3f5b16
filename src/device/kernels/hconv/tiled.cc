#include "device/kernels/hconv/tiled.h"

#include <cstring>

#include "common/base/checked.h"
#include "device/kernels/conv/depthwise.h"
#include "device/kernels/conv/tile_windows.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Bytes of one gathered window.
int64_t window_bytes(const HTiling& t, const ConvParams& c) { return depth_of(t, c) * t.a_element; }

// Whether windows are pixels as they lie in x, and whole pairs.
bool reads_in_place(const HTiling& t, const ConvParams& c) {
  return t.a_element == 2 && c.pointwise && c.cg % 2 == 0;
}

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
  // The window that begins at (iy, ix) of picture n.
  void window(int64_t n, int64_t iy, int64_t ix, uint8_t* to) const {
    const ConvParams& c = p.conv;
    const int64_t row_elements = c.kw * c.cg;
    for (int64_t ky = 0; ky < c.kh; ++ky, iy += c.dh, to += row_elements * t.a_element) {
      if (iy >= 0 && iy < c.h) {
        row(n, iy, ix, to);
      } else {
        zeros(row_elements, to);
      }
    }
    const int64_t rest = depth_of(t, c) - c.taps * c.cg;
    if (rest > 0) zeros(rest, to);
  }
  // Those of output pixels [m, m + rows), in order: a gather may write beyond its own.
  void windows(int64_t m, int64_t rows, uint8_t* to) const {
    const ConvParams& c = p.conv;
    int64_t ox = m % c.ow, oy = m / c.ow % c.oh, n = m / c.ow / c.oh;
    for (int64_t i = 0; i < rows; ++i, to += window_bytes(t, c)) {
      window(n, oy * c.sh - c.pt, ox * c.sw - c.pl, to);
      if (++ox < c.ow) continue;
      ox = 0;
      if (++oy == c.oh) oy = 0, ++n;
    }
  }
};

struct Job {
  const HTiling& t;
  const HConvParams& p;
  const RunArgs& args;
  Epilogue epilogue;
};

// A group's panels [begin, end) times the rows that a caller found.
struct Panels {
  const Job& job;
  int64_t group, begin, end;  // columns

  // rows: output pixels from m on. multiply(tile, rows, vectors).
  template <class Multiply>
  void run(HTile tile, int64_t m, Multiply multiply) const {
    const HTiling& t = job.t;
    const ConvParams& c = job.p.conv;
    const uint8_t* w = static_cast<const uint8_t*>(job.args.in[1]) + group * hgroup_bytes(t, c);
    const int64_t y_bytes = bits(job.p.y_type) / 8;
    tile.y_type = job.p.y_type, tile.y_row = c.y_row, tile.r_row = c.r_row;
    tile.pairs = depth_of(t, c) / 2, tile.epilogue = &job.epilogue;
    for (int64_t o = begin; o < end; o += t.panel.columns) {
      const int64_t at = group * c.og + o;
      tile.panel = w + o * hcolumn_bytes(t, c);
      tile.columns = end - o < t.panel.columns ? end - o : t.panel.columns;
      tile.y = static_cast<uint8_t*>(job.args.out[0]) + (m * c.y_row + at) * y_bytes;
      if (c.r_row) {
        tile.residual = static_cast<const uint8_t*>(job.args.in[3]) + (m * c.r_row + at) * y_bytes;
      }
      multiply(tile, panel_width(t.panel, c.og, o) / t.panel.width);
    }
  }
};

// Output pixels [m, m_end) by rows of f32 or pairs.
void run_rows(const Panels& panels, int64_t m, int64_t m_end) {
  const Job& job = panels.job;
  const HTiling& t = job.t;
  const ConvParams& c = job.p.conv;
  const Gather gather{t, job.p, static_cast<const uint16_t*>(job.args.in[0]) + panels.group * c.cg};
  const bool in_place = reads_in_place(t, c);
  uint8_t* windows = static_cast<uint8_t*>(job.args.scratch);
  HTile tile{};
  tile.a = windows, tile.a_bytes = in_place ? c.x_row * 2 : window_bytes(t, c);
  for (int64_t rows; m < m_end; m += rows) {
    const int64_t left = m_end - m, tiles = ceil_div(left, t.rows);
    rows = ceil_div(left, tiles);  // as even as whole tiles allow
    if (in_place) tile.a = gather.x + m * c.x_row;
    if (!in_place) gather.windows(m, rows, windows);
    panels.run(tile, m, [&](const HTile& at, int64_t vectors) {
      t.of(job.p.type).functions[(vectors - 1) * t.rows + rows - 1](at);
    });
  }
}

// The same by tiles of AMX.
void run_tiles(const Panels& panels, int64_t m, int64_t m_end) {
  const Job& job = panels.job;
  const HTiling& t = job.t;
  const ConvParams& c = job.p.conv;
  const uint16_t* x = static_cast<const uint16_t*>(job.args.in[0]) + panels.group * c.cg;
  const Windows windows{c, reinterpret_cast<const uint8_t*>(x), 2, 0};
  const TileLists lists(job.args.scratch, windows.steps());
  for (; m < m_end; m += amx_rows) {
    const int64_t rows = m_end - m < amx_rows ? m_end - m : amx_rows;
    AmxBlock block = lists.fill(windows, m, rows);
    panels.run({}, m, [&](const HTile& at, int64_t vectors) {
      block.first = at.panel, block.b = at.panel + vectors * tile_row_bytes;
      t.amx->block(at, block, static_cast<int>(rows), static_cast<int>(vectors));
    });
  }
}

void run_unit(const Job& job, int64_t unit) {
  const HTiling& t = job.t;
  const ConvParams& c = job.p.conv;
  const Blocking& b = c.blocking;
  const int64_t pixels = c.batch * c.oh * c.ow, units_per_group = b.row_units * b.panel_units;
  int64_t row_unit, panel_unit;
  split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
  const int64_t m = row_unit * b.rows, m_end = m + b.rows < pixels ? m + b.rows : pixels;
  Panels panels{job, unit / units_per_group, panel_unit * b.panels * t.panel.columns, 0};
  panels.end = panels.begin + b.panels * t.panel.columns;
  if (panels.end > c.og) panels.end = c.og;
  t.amx ? run_tiles(panels, m, m_end) : run_rows(panels, m, m_end);
}

// Sizes of a step whose attributes, x and y were checked; false where they overflow.
bool weights_fit(const HTiling& t, const ConvParams& c, int64_t* bytes) {
  int64_t columns = 0;
  return !mul_overflows(round_up(c.og, t.panel.width), c.groups, &columns) &&
         !mul_overflows(columns, hcolumn_bytes(t, c), bytes) && *bytes <= max_elements * 4;
}

bool takes(const HTiling& t, DType type) {
  return t.amx ? type == DType::bf16 : t.of(type).functions != nullptr;
}

int64_t scratch_of(const HTiling& t, const ConvParams& c) {
  if (t.amx) return TileLists::bytes(tile_steps(depth_of(t, c) * 2));
  if (reads_in_place(t, c)) return 0;
  const int64_t pixels = c.batch * c.oh * c.ow;
  return window_bytes(t, c) * (pixels < t.rows ? pixels : t.rows) + gather_slack;
}

int64_t dw_bytes(int width, const ConvParams& c) {
  return panel_floats({width, width}, c.c, c.taps) * 4;
}

}  // namespace

const char* bind_hconv_tiled(const HTiling& t, const Step& step, void* params, Work* work) {
  HConvParams* p = static_cast<HConvParams*>(params);
  if (const char* reason = check_hconv(step, p)) return reason;
  ConvParams& c = p->conv;
  if (!takes(t, p->type)) return "not of this type";
  if (c.c > 1 && is_depthwise(c)) return "depthwise has kernels of its own";
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  int64_t weights = 0;
  if (!weights_fit(t, c, &weights)) return "too large";
  if (!is_blob(step.in[1], weights)) return "weights not packed";
  const int64_t pixels = c.batch * c.oh * c.ow;
  c.blocking = block_work(t.rows, t.panel, pixels, c.og, depth_of(t, c) / 2,
                          c.batch * c.h * c.w * ceil_div(c.cg, 2));
  *work = {};
  work->units[0] = c.groups * c.blocking.row_units * c.blocking.panel_units;
  work->scratch_bytes = scratch_of(t, c);
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
  if (t.amx) t.amx->begin();
  for (int64_t unit = args.begin; unit < args.end; ++unit) run_unit(job, unit);
  if (t.amx) t.amx->end();
}

const char* bind_hconv_dw(int width, const Step& step, void* params, Work* work) {
  HConvParams* p = static_cast<HConvParams*>(params);
  if (const char* reason = check_hconv(step, p)) return reason;
  if (!is_depthwise(p->conv)) return "not depthwise";
  if (p->y_type != p->type) return "y is f32: too much code for what is rare";
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
