#include "device/kernels/conv/winograd.h"

#include <utility>

#include "common/base/checked.h"
#include "common/tensor/half.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

constexpr int most_positions = 36;
// What the transformed input of a unit may take of the L2 cache.
constexpr int64_t input_bytes_per_unit = 768 * 1024;
// Units there should be at least. Where there are fewer blocks of tiles, the output channels are
// cut: each part transforms the input anew, so no narrower than what that is small against.
constexpr int64_t wanted_units = 8, narrowest_part = 128;

struct WinogradParams {
  ConvParams conv;
  int64_t tiles_y, tiles_x, tiles;  // tiles: of all pictures
  int64_t block, row_units;         // tiles of a unit, even over the units
  int64_t panels, panel_units;      // of a unit
  DType type;                       // of x, residual and y
};
static_assert(sizeof(WinogradParams) <= max_params_bytes);

int64_t positions(const Winograd& g) { return (g.m + 2) * (g.m + 2); }

// A cache line more than the data: positions would fall on each other in a cache of few ways.
int64_t input_step(int64_t block, int64_t channels) { return block * round_up(channels, 16) + 16; }
int64_t product_step(const Winograd& g, int64_t block) {
  return block * g.tiling->panel.columns + 16;
}

// Most tiles of a unit: whole rows of the inner product's tile.
int64_t most_tiles(const Winograd& g, const WinogradParams& p) {
  const int64_t rows = g.tiling->rows;
  const int64_t all = ceil_div(p.tiles, rows);
  const int64_t fit = input_bytes_per_unit / (positions(g) * round_up(p.conv.c, 16) * 4 * rows);
  int64_t some = ceil_div(all, 2 * wanted_units);
  if (some > fit) some = fit;
  return rows * (some > 1 ? some : 1);
}

void cut_work(const Winograd& g, WinogradParams* p) {
  const ConvParams& c = p->conv;
  p->tiles_y = ceil_div(c.oh, g.m), p->tiles_x = ceil_div(c.ow, g.m);
  p->tiles = c.batch * p->tiles_y * p->tiles_x;
  if (p->tiles == 0) return;
  p->row_units = ceil_div(p->tiles, most_tiles(g, *p));
  p->block = ceil_div(p->tiles, p->row_units);
  const int64_t all = panel_count(g.tiling->panel, c.o);
  const int64_t parts = c.o / narrowest_part;
  p->panel_units = ceil_div(wanted_units, p->row_units);
  if (p->panel_units > parts) p->panel_units = parts > 1 ? parts : 1;
  p->panels = ceil_div(all, p->panel_units);
  p->panel_units = ceil_div(all, p->panels);
}

// Scratch of one thread: a pixel of zeros, transformed input, products; of 16-bit floats the pixels
// of a tile, and its results and residuals of one panel.
struct Scratch {
  float *zeros, *input, *products, *pixels, *results, *residuals;
};
int64_t zeros_floats(const ConvParams& c) { return round_up(c.c, 16); }
int64_t pixels_floats(const Winograd& g, const WinogradParams& p) {
  return p.type == DType::f32 ? 0 : positions(g) * round_up(p.conv.c, 16);
}
int64_t results_floats(const Winograd& g, const WinogradParams& p) {
  return p.type == DType::f32 ? 0 : int64_t{g.m} * g.m * g.tiling->panel.columns;
}
int64_t scratch_floats(const Winograd& g, const WinogradParams& p, int64_t block) {
  return zeros_floats(p.conv) +
         positions(g) * (input_step(block, p.conv.c) + product_step(g, block)) +
         pixels_floats(g, p) + 2 * results_floats(g, p);
}
Scratch scratch_of(const Winograd& g, const WinogradParams& p, void* scratch) {
  Scratch s;
  s.zeros = static_cast<float*>(scratch);
  s.input = s.zeros + zeros_floats(p.conv);
  s.products = s.input + positions(g) * input_step(p.block, p.conv.c);
  s.pixels = s.products + positions(g) * product_step(g, p.block);
  s.results = s.pixels + pixels_floats(g, p);
  s.residuals = s.results + results_floats(g, p);
  for (int64_t c = 0; c < p.conv.c; ++c) s.zeros[c] = 0;
  return s;
}

// Packed: the bias in whole vectors, then of each panel of output channels a panel (simd/panels.h)
// for each position.
int64_t bias_floats(const Winograd& g, const ConvParams& c) {
  return round_up(c.o, g.tiling->panel.width);
}
int64_t packed_floats(const Winograd& g, const ConvParams& c) {
  return bias_floats(g, c) + positions(g) * panel_floats(g.tiling->panel, c.o, c.c);
}

const char* check_form(const ConvParams& c) {
  const bool is_plain = c.kh == 3 && c.kw == 3 && c.sh == 1 && c.sw == 1 && c.dh == 1 && c.dw == 1;
  if (!is_plain) return "not 3 x 3 with stride and dilation 1";
  if (c.exact_sums) return "sums must be exact";
  return c.groups == 1 ? nullptr : "grouped";
}

// The pixels of the tile whose first output is at (oy, ox) of picture n: each where
// pixel_at(elements from the start of x) says, zeros outside.
template <class PixelAt>
void find_pixels(const ConvParams& c, const float* zeros, int64_t n, int64_t iy, int64_t ix,
                 int size, const float** pixels, PixelAt pixel_at) {
  for (int64_t y = iy; y < iy + size; ++y) {
    const bool inside = y >= 0 && y < c.h;
    for (int64_t at = ix; at < ix + size; ++at) {
      const bool real = inside && at >= 0 && at < c.w;
      *pixels++ = real ? pixel_at(((n * c.h + y) * c.w + at) * c.x_row) : zeros;
    }
  }
}

struct Place {
  int64_t n, y, x;
};
Place place_of(const WinogradParams& p, int64_t tile) {
  const int64_t line = tile / p.tiles_x;
  return {line / p.tiles_y, line % p.tiles_y, tile % p.tiles_x};
}

struct Job {
  const Winograd& g;
  const WinogradParams& p;
  const RunArgs& args;
  Scratch s;
  Epilogue epilogue, none;
  const WinogradHalves* halves;  // nullptr: f32
};

void transform_input(const Job& job, int64_t begin, int64_t end) {
  const ConvParams& c = job.p.conv;
  const float* pixels[most_positions];
  const int64_t step = input_step(job.p.block, c.c), row = round_up(c.c, 16);
  for (int64_t t = begin; t < end; ++t) {
    const Place at = place_of(job.p, t);
    const int64_t iy = at.y * job.g.m - c.pt, ix = at.x * job.g.m - c.pl;
    if (job.halves == nullptr) {
      const float* x = static_cast<const float*>(job.args.in[0]);
      find_pixels(c, job.s.zeros, at.n, iy, ix, job.g.m + 2, pixels,
                  [&](int64_t from) { return x + from; });
    } else {
      const uint16_t* x = static_cast<const uint16_t*>(job.args.in[0]);
      float* to = job.s.pixels;
      find_pixels(c, job.s.zeros, at.n, iy, ix, job.g.m + 2, pixels, [&](int64_t from) {
        job.halves->widen(x + from, c.c, to);
        return std::exchange(to, to + row);
      });
    }
    job.g.transforms.input(pixels, c.c, job.s.input + (t - begin) * row, step);
  }
}

// Products of all positions of `rows` tiles with the panel that begins at output channel o.
void multiply(const Job& job, int64_t tiles, int64_t o, const float* panels) {
  const Tiling& t = *job.g.tiling;
  const ConvParams& c = job.p.conv;
  const int64_t wide = panel_width(t.panel, c.o, o), row = round_up(c.c, 16);
  const float* a[max_tile_rows];
  Tile tile{};
  tile.a = a, tile.taps = 1, tile.k = c.c;
  tile.y_row = wide, tile.columns = wide, tile.epilogue = &job.none;
  for (int64_t i = 0; i < positions(job.g); ++i) {
    const float* input = job.s.input + i * input_step(job.p.block, c.c);
    tile.panel = panels + i * wide * (c.c + 1);
    for (int64_t m = 0, rows; m < tiles; m += rows) {
      rows = next_rows(t, tiles - m);
      for (int64_t r = 0; r < rows; ++r) a[r] = input + (m + r) * row;
      tile.y = job.s.products + i * product_step(job.g, job.p.block) + m * wide;
      t.get(rows, wide / t.panel.width)(tile);
    }
  }
}

// A tile's results by way of f32; `out` has its products, sizes and bias, `y` and `residual` are
// where its first pixel lies.
void output_halves(const Job& job, WinogradOutput out, uint16_t* y, const uint16_t* residual) {
  const int64_t wide = job.g.tiling->panel.columns;
  const int64_t y_row = out.y_row, y_line = out.y_line;
  for (int64_t line = 0; residual && line < out.rows; ++line) {
    for (int64_t x = 0; x < out.columns; ++x) {
      job.halves->widen(residual + line * out.r_line + x * out.r_row, out.channels,
                        job.s.residuals + (line * job.g.m + x) * wide);
    }
  }
  out.y = job.s.results, out.residual = residual ? job.s.residuals : nullptr;
  out.y_row = out.r_row = wide, out.y_line = out.r_line = job.g.m * wide;
  job.g.transforms.output(out);
  for (int64_t line = 0; line < out.rows; ++line) {
    for (int64_t x = 0; x < out.columns; ++x) {
      job.halves->narrow(job.s.results + (line * job.g.m + x) * wide, out.channels,
                         y + line * y_line + x * y_row);
    }
  }
}

void transform_output(const Job& job, int64_t begin, int64_t end, int64_t o) {
  const ConvParams& c = job.p.conv;
  const int m = job.g.m;
  const int64_t wide = panel_width(job.g.tiling->panel, c.o, o);
  const void* residual = c.r_row ? job.args.in[3] : nullptr;
  WinogradOutput out{};
  out.position_step = product_step(job.g, job.p.block), out.epilogue = &job.epilogue;
  out.bias = static_cast<const float*>(job.args.in[1]) + o;
  out.y_row = c.y_row, out.y_line = c.ow * c.y_row;
  out.r_row = c.r_row, out.r_line = c.ow * c.r_row;
  out.channels = c.o - o < wide ? c.o - o : wide;
  for (int64_t t = begin; t < end; ++t) {
    const Place at = place_of(job.p, t);
    const int64_t oy = at.y * m, ox = at.x * m, pixel = (at.n * c.oh + oy) * c.ow + ox;
    out.products = job.s.products + (t - begin) * wide;
    out.rows = c.oh - oy < m ? c.oh - oy : m, out.columns = c.ow - ox < m ? c.ow - ox : m;
    const int64_t y_at = pixel * c.y_row + o, r_at = pixel * c.r_row + o;
    if (job.halves) {
      auto* from = static_cast<const uint16_t*>(residual);
      output_halves(job, out, static_cast<uint16_t*>(job.args.out[0]) + y_at,
                    from ? from + r_at : nullptr);
      continue;
    }
    out.y = static_cast<float*>(job.args.out[0]) + y_at;
    out.residual = residual ? static_cast<const float*>(residual) + r_at : nullptr;
    job.g.transforms.output(out);
  }
}

// Row i of G of F(4) or F(2): the powers of the point over its distances to the others.
void transform_weights(const Winograd& g, const double (&w)[3], double* out) {
  if (g.m == 2) {
    out[0] = -w[0], out[1] = (w[0] + w[1] + w[2]) / 2, out[2] = (w[0] - w[1] + w[2]) / 2;
    out[3] = w[2];
    return;
  }
  const double points[2] = {0.75, 1.5}, aa = 0.5625, bb = 2.25;
  out[0] = w[0] / (aa * bb);
  for (int i = 0; i < 2; ++i) {
    const double q = points[i] * points[i], over = 2 * q * (i == 0 ? aa - bb : bb - aa);
    out[1 + 2 * i] = (w[0] + points[i] * w[1] + q * w[2]) / over;
    out[2 + 2 * i] = (w[0] - points[i] * w[1] + q * w[2]) / over;
  }
  out[5] = w[2];
}

float number_at(DType type, const void* w, int64_t i) {
  if (type == DType::f32) return static_cast<const float*>(w)[i];
  const uint16_t v = static_cast<const uint16_t*>(w)[i];
  return type == DType::bf16 ? bf16_to_f32(v) : f16_to_f32(v);
}

// All positions of one filter's channel; its weights are w[first], taps `step` apart.
void transform_filter(const Winograd& g, DType type, const void* w, int64_t first, int64_t step,
                      double* out) {
  const int n = g.m + 2;
  auto weight = [&](int tap) { return double{number_at(type, w, first + tap * step)}; };
  double half[3][6];
  for (int x = 0; x < 3; ++x) {
    const double column[3] = {weight(x), weight(3 + x), weight(6 + x)};
    transform_weights(g, column, half[x]);
  }
  for (int y = 0; y < n; ++y) {
    const double line[3] = {half[0][y], half[1][y], half[2][y]};
    transform_weights(g, line, out + y * n);
  }
}

}  // namespace

const char* bind_winograd(const Winograd& g, const ConvParams& conv, DType type, const Step& step,
                          void* params, Work* work) {
  WinogradParams* p = static_cast<WinogradParams*>(params);
  *p = {};
  p->conv = conv, p->type = type;
  const ConvParams& c = p->conv;
  if (const char* reason = check_form(c)) return reason;
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], packed_floats(g, c) * 4)) return "weights not packed";
  cut_work(g, p);
  *work = {};
  work->units[0] = p->row_units * p->panel_units;
  work->scratch_bytes = 4 * scratch_floats(g, *p, most_tiles(g, *p));
  return nullptr;
}

int64_t winograd_bytes(const Winograd& g, const ConvParams& c, const Step& step, int index) {
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  return index != 1 || check_form(c) ? 0 : packed_floats(g, c) * 4;
}

void pack_winograd(const Winograd& g, const ConvParams& c, DType type, const void* const* raw,
                   void* dst) {
  float* to = static_cast<float*>(dst);
  const float* bias = c.bias ? static_cast<const float*>(raw[2]) : nullptr;
  for (int64_t o = 0; o < bias_floats(g, c); ++o) *to++ = bias && o < c.o ? bias[o] : 0.0f;
  for (int64_t first = 0; first < c.o; first += g.tiling->panel.columns) {
    const int64_t wide = panel_width(g.tiling->panel, c.o, first), panel = wide * (c.c + 1);
    for (int64_t j = 0; j < wide; ++j) {
      for (int64_t i = 0; i < positions(g); ++i) to[i * panel + j] = 0;
      for (int64_t k = 0; k < c.c; ++k) {
        double all[most_positions] = {};
        const int64_t at = (first + j) * 9 * c.c + k;
        if (first + j < c.o) transform_filter(g, type, raw[1], at, c.c, all);
        for (int64_t i = 0; i < positions(g); ++i) {
          to[i * panel + (k + 1) * wide + j] = static_cast<float>(all[i]);
        }
      }
    }
    to += positions(g) * panel;
  }
}

const char* bind_conv_winograd(const Winograd& g, const Step& step, void* params, Work* work) {
  ConvParams c;
  if (const char* reason = check_conv(step, &c)) return reason;
  return bind_winograd(g, c, DType::f32, step, params, work);
}

int64_t conv_winograd_bytes(const Winograd& g, const Step& step, int index) {
  ConvParams c;
  if (index == 1 && check_conv_raw_weights(step, &c)) return 0;
  return winograd_bytes(g, c, step, index);
}

void pack_conv_winograd(const Winograd& g, const Step& step, const void* const* raw, int,
                        void* dst) {
  ConvParams c;
  if (check_conv_raw_weights(step, &c) || check_form(c)) return;
  pack_winograd(g, c, DType::f32, raw, dst);
}

void run_conv_winograd(const Winograd& g, const RunArgs& args) {
  run_winograd(g, nullptr, nullptr, args);
}

void run_winograd(const Winograd& g, const WinogradHalves* bf16, const WinogradHalves* f16,
                  const RunArgs& args) {
  const WinogradParams& p = *static_cast<const WinogradParams*>(args.params);
  const ConvParams& c = p.conv;
  const float* packed = static_cast<const float*>(args.in[1]) + bias_floats(g, c);
  const Job job{g,
                p,
                args,
                scratch_of(g, p, args.scratch),
                make_epilogue(c.act, c.act_a, c.act_b, c.residual_after_act),
                make_epilogue(Act::none, 0, 0, false),
                p.type == DType::bf16  ? bf16
                : p.type == DType::f16 ? f16
                                       : nullptr};
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const int64_t begin = unit / p.panel_units * p.block;
    const int64_t end = begin + p.block < p.tiles ? begin + p.block : p.tiles;
    const int64_t first = unit % p.panel_units * p.panels * g.tiling->panel.columns;
    int64_t last = first + p.panels * g.tiling->panel.columns;
    if (last > c.o) last = c.o;
    transform_input(job, begin, end);
    for (int64_t o = first; o < last; o += g.tiling->panel.columns) {
      multiply(job, end - begin, o, packed + positions(g) * panel_offset(o, c.c));
      transform_output(job, begin, end, o);
    }
  }
}

}  // namespace hone::kernels
