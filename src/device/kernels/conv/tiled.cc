#include "device/kernels/conv/tiled.h"

#include "common/base/checked.h"
#include "device/kernels/conv/depthwise.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

int64_t group_floats(const ConvParams& p, PanelShape s) {
  return panel_floats(s, p.og, p.taps * p.cg);
}

// Pixels' rows of the kernel lie in one piece each: dense pixels, no dilation between columns.
bool has_runs(const ConvParams& p) { return p.kw > 1 && p.dw == 1 && p.x_row == p.cg; }
// Windows that the border cuts are copied, with their zeros, so that theirs are in one piece too:
// worth it where windows are small.
constexpr int64_t max_patch_floats = 512;
bool has_patches(const ConvParams& p) { return has_runs(p) && p.taps * p.cg <= max_patch_floats; }

// Scratch of one thread: a pixel of zeros, the pointers of one tile, which columns of the kernel
// are inside for which of the tile's pixels, the windows that are copied.
struct Scratch {
  float* zeros;
  const float** pointers;  // [taps][max_tile_rows]
  float* patches;          // [max_tile_rows][taps][cg], where has_patches()
  uint32_t* columns;       // [kw], bit i = pixel i
};
int64_t zeros_bytes(const ConvParams& p) { return round_up(p.cg * 4, 64); }
int64_t pointers_bytes(const ConvParams& p) {
  return p.taps * max_tile_rows * static_cast<int64_t>(sizeof(float*));
}
int64_t patches_bytes(const ConvParams& p) {
  return has_patches(p) ? max_tile_rows * p.taps * p.cg * 4 : 0;
}
Scratch scratch_of(const ConvParams& p, void* scratch) {
  char* at = static_cast<char*>(scratch);
  Scratch s;
  s.zeros = reinterpret_cast<float*>(at);
  at += zeros_bytes(p);
  s.pointers = reinterpret_cast<const float**>(at);
  at += pointers_bytes(p);
  s.patches = reinterpret_cast<float*>(at);
  at += patches_bytes(p);
  s.columns = reinterpret_cast<uint32_t*>(at);
  for (int64_t c = 0; c < p.cg; ++c) s.zeros[c] = 0;
  return s;
}

// The windows of consecutive output pixels. Addresses are integers: a window's corner may lie
// outside of the picture.
struct Windows {
  uintptr_t corner[max_tile_rows];
  int64_t iy[max_tile_rows], ix[max_tile_rows];  // of windows, where one of them is not inside
  uint32_t inside;                               // bit i: all of window i
};
uintptr_t corner_at(const ConvParams& p, const float* x, int64_t n, int64_t iy, int64_t ix) {
  int64_t floats = ((n * p.h + iy) * p.w + ix) * p.x_row;
  return reinterpret_cast<uintptr_t>(x) + static_cast<uintptr_t>(floats) * 4;
}

// The pixels lie in one row and their windows inside: what most tiles are.
bool one_row_inside(const ConvParams& p, int64_t ox, int64_t oy, int rows) {
  int64_t iy = oy * p.sh - p.pt, ix = ox * p.sw - p.pl;
  return ox + rows <= p.ow && iy >= 0 && iy + (p.kh - 1) * p.dh < p.h && ix >= 0 &&
         ix + (rows - 1) * p.sw + (p.kw - 1) * p.dw < p.w;
}

void windows_at(const ConvParams& p, const float* x, int64_t m, int rows, Windows* w) {
  int64_t ox = m % p.ow, oy = m / p.ow % p.oh, n = m / p.ow / p.oh;
  if (one_row_inside(p, ox, oy, rows)) {
    uintptr_t corner = corner_at(p, x, n, oy * p.sh - p.pt, ox * p.sw - p.pl);
    const uintptr_t step = static_cast<uintptr_t>(p.sw * p.x_row) * 4;
    for (int i = 0; i < max_tile_rows; ++i, corner += step) w->corner[i] = corner;
    w->inside = (1u << rows) - 1;
    return;
  }
  w->inside = 0;
  for (int i = 0; i < rows; ++i) {
    int64_t iy = oy * p.sh - p.pt, ix = ox * p.sw - p.pl;
    w->iy[i] = iy, w->ix[i] = ix;
    w->corner[i] = corner_at(p, x, n, iy, ix);
    bool inside =
        iy >= 0 && iy + (p.kh - 1) * p.dh < p.h && ix >= 0 && ix + (p.kw - 1) * p.dw < p.w;
    w->inside |= static_cast<uint32_t>(inside) << i;
    if (++ox == p.ow) {
      ox = 0;
      if (++oy == p.oh) oy = 0, ++n;
    }
  }
  for (int i = rows; i < max_tile_rows; ++i) w->corner[i] = w->corner[0];
}

uint32_t inside_bits(const int64_t* start, int64_t offset, int64_t size, int rows) {
  uint32_t bits = 0;
  for (int i = 0; i < rows; ++i) {
    bits |= static_cast<uint32_t>(static_cast<uint64_t>(start[i] + offset) <
                                  static_cast<uint64_t>(size))
            << i;
  }
  return bits;
}

void all_pointers(const uintptr_t* corner, uintptr_t offset, const float** pointers) {
  for (int i = 0; i < max_tile_rows; ++i) {
    pointers[i] = reinterpret_cast<const float*>(corner[i] + offset);
  }
}

uintptr_t tap_offset(const ConvParams& p, int64_t ky, int64_t kx) {
  return static_cast<uintptr_t>((ky * p.dh * p.w + kx * p.dw) * p.x_row) * 4;
}

// Each tap of the windows; the zeros where it is outside, nothing where it is for all of them: of
// wide dilations most of the work is that.
void find_taps(const ConvParams& p, const Windows& w, int rows, const Scratch& s) {
  const uint32_t all = (1u << rows) - 1;
  const bool all_inside = w.inside == all;
  if (!all_inside) {
    for (int64_t kx = 0; kx < p.kw; ++kx) {
      s.columns[kx] = inside_bits(w.ix, kx * p.dw, p.w, rows);
    }
  }
  const float** at = s.pointers;
  for (int64_t ky = 0; ky < p.kh; ++ky) {
    uint32_t row = all_inside ? all : inside_bits(w.iy, ky * p.dh, p.h, rows);
    for (int64_t kx = 0; kx < p.kw; ++kx, at += max_tile_rows) {
      all_pointers(w.corner, tap_offset(p, ky, kx), at);
      uint32_t inside = all_inside ? all : row & s.columns[kx];
      for (int i = 0; inside != all && i < rows; ++i) {
        if (!(inside >> i & 1)) at[i] = s.zeros;
      }
      if (inside == 0) at[0] = nullptr;
    }
  }
}

// The window with its corner at (iy, ix) and its zeros, dense.
void copy_window(const ConvParams& p, uintptr_t corner, int64_t iy, int64_t ix, float* to) {
  const int64_t run = p.kw * p.cg;
  const int64_t begin = ix < 0 ? -ix * p.cg : 0;
  const int64_t end = ix + p.kw > p.w ? (p.w - ix) * p.cg : run;
  for (int64_t ky = 0; ky < p.kh; ++ky, to += run) {
    bool inside = static_cast<uint64_t>(iy + ky * p.dh) < static_cast<uint64_t>(p.h);
    int64_t first = inside && begin < end ? begin : run, last = inside && begin < end ? end : run;
    const float* from = reinterpret_cast<const float*>(corner + tap_offset(p, ky, 0));
    for (int64_t k = 0; k < first; ++k) to[k] = 0;
    for (int64_t k = first; k < last; ++k) to[k] = from[k];
    for (int64_t k = last; k < run; ++k) to[k] = 0;
  }
}

// Each row of the windows, in one piece; those that are not all inside from their copies.
void find_runs(const ConvParams& p, const Windows& w, int rows, const Scratch& s) {
  for (int64_t ky = 0; ky < p.kh; ++ky) {
    all_pointers(w.corner, tap_offset(p, ky, 0), s.pointers + ky * max_tile_rows);
  }
  for (int i = 0; i < rows; ++i) {
    if (w.inside >> i & 1) continue;
    float* patch = s.patches + i * p.taps * p.cg;
    copy_window(p, w.corner[i], w.iy[i], w.ix[i], patch);
    for (int64_t ky = 0; ky < p.kh; ++ky) {
      s.pointers[ky * max_tile_rows + i] = patch + ky * p.kw * p.cg;
    }
  }
}

// Where the values of output pixels [m, m + rows) lie: for each tap, or, where they follow one
// another, for each row of taps. The order of the sum is the same.
void find_pointers(const ConvParams& p, const float* x, int64_t m, int rows, const Scratch& s,
                   Tile* tile) {
  tile->taps = p.taps, tile->k = p.cg;
  if (p.pointwise) {
    for (int i = 0; i < rows; ++i) s.pointers[i] = x + (m + i) * p.x_row;
    return;
  }
  Windows w;
  windows_at(p, x, m, rows, &w);
  if (has_patches(p) || (has_runs(p) && w.inside == (1u << rows) - 1)) {
    tile->taps = p.kh, tile->k = p.kw * p.cg;
    return find_runs(p, w, rows, s);
  }
  find_taps(p, w, rows, s);
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
  work->scratch_bytes = zeros_bytes(*p) + pointers_bytes(*p) + patches_bytes(*p) + p->kw * 4;
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
  const Blocking& b = p.blocking;
  Scratch s = scratch_of(p, args.scratch);
  Epilogue epilogue = make_epilogue(p.act, p.act_a, p.act_b, p.residual_after_act);
  int64_t k = p.taps * p.cg, pixels = p.batch * p.oh * p.ow;
  int64_t units_per_group = b.row_units * b.panel_units;
  Tile tile{};
  tile.a = s.pointers;
  tile.y_row = p.y_row, tile.r_row = p.r_row, tile.epilogue = &epilogue;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t g = unit / units_per_group, row_unit, panel_unit;
    split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
    const float* x = static_cast<const float*>(args.in[0]) + g * p.cg;
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

}  // namespace hone::kernels
