#include "device/kernels/qconv/tiled.h"

#include "common/base/checked.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

constexpr int64_t widened_pixels = 64;  // of a unit of phase 0

int64_t pairs_of(const ConvParams& c) { return (c.cg + 1) / 2; }
// Words of one pixel in the workspace, each group padded to pairs.
int64_t pixel_words(const ConvParams& c) { return c.groups * pairs_of(c) * 2; }
int64_t column_bytes(const ConvParams& c) { return panel_head + c.taps * pairs_of(c) * 2; }
int64_t group_columns(const ConvParams& c, PanelShape s) { return round_up(c.og, s.width); }

int64_t zeros_bytes(const ConvParams& c) { return round_up(pairs_of(c) * 4, 64); }
int64_t pointers_bytes(const ConvParams& c) {
  return c.taps * max_tile_rows * static_cast<int64_t>(sizeof(int16_t*));
}

bool sizes_fit(const ConvParams& c, PanelShape s, int64_t* weights, int64_t* workspace) {
  int64_t columns = 0, pixels = 0;
  return !mul_overflows(group_columns(c, s), c.groups, &columns) &&
         !mul_overflows(columns, column_bytes(c), weights) &&
         !mul_overflows(c.batch * c.h, c.w, &pixels) &&
         !mul_overflows(pixels, pixel_words(c) * 2, workspace) && *weights <= max_elements * 2 &&
         *workspace <= max_elements * 2;
}

template <class X>
void widen_pixels(const QConvParams& p, const X* x, int64_t begin, int64_t end, int16_t* words) {
  const ConvParams& c = p.conv;
  const int64_t pairs = pairs_of(c);
  for (int64_t pixel = begin; pixel < end; ++pixel) {
    for (int64_t g = 0; g < c.groups; ++g) {
      const X* from = x + pixel * c.x_row + g * c.cg;
      int16_t* to = words + pixel * pixel_words(c) + g * pairs * 2;
      for (int64_t i = 0; i < c.cg; ++i) to[i] = static_cast<int16_t>(from[i] - p.x_zero);
      if (c.cg % 2) to[c.cg] = 0;
    }
  }
}

void widen(const QConvParams& p, const RunArgs& args) {
  const ConvParams& c = p.conv;
  const int64_t pixels = c.batch * c.h * c.w, begin = args.begin * widened_pixels;
  int64_t end = args.end * widened_pixels;
  if (end > pixels) end = pixels;
  int16_t* words = static_cast<int16_t*>(args.workspace);
  if (p.x_type == DType::u8) {
    widen_pixels(p, static_cast<const uint8_t*>(args.in[0]), begin, end, words);
  } else {
    widen_pixels(p, static_cast<const int8_t*>(args.in[0]), begin, end, words);
  }
}

// Where each tap of output pixels [m, m + rows) lies in `words`; `zeros` where it is outside.
void find_pointers(const ConvParams& c, const int16_t* words, int64_t m, int64_t rows,
                   const int16_t* zeros, const int16_t** pointers) {
  const int64_t row = pixel_words(c);
  if (c.pointwise) {
    for (int64_t i = 0; i < rows; ++i) pointers[i] = words + (m + i) * row;
    return;
  }
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t ox = (m + i) % c.ow, oy = (m + i) / c.ow % c.oh, n = (m + i) / c.ow / c.oh;
    const int64_t iy = oy * c.sh - c.pt, ix = ox * c.sw - c.pl;
    const TapRange ky = taps_inside(iy, c.dh, c.h, c.kh), kx = taps_inside(ix, c.dw, c.w, c.kw);
    const int16_t** at = pointers + i;
    for (int64_t y = 0; y < c.kh; ++y) {
      const bool in_row = y >= ky.begin && y < ky.end;
      for (int64_t x = 0; x < c.kw; ++x, at += max_tile_rows) {
        const bool inside = in_row && x >= kx.begin && x < kx.end;
        *at = inside ? words + ((n * c.h + iy + y * c.dh) * c.w + ix + x * c.dw) * row : zeros;
      }
    }
  }
}

// Writes the panel of filters [first, first + columns) of the model; those from `count` on are 0.
void pack_panel(const RawWeights& raw, int64_t first, int64_t count, int64_t columns,
                uint8_t* dst) {
  const ConvParams& c = raw.p->conv;
  const int32_t shift = raw.p->w_type == DType::u8 ? 128 : 0;
  int32_t* bias = reinterpret_cast<int32_t*>(dst);
  float* scale = reinterpret_cast<float*>(bias + columns);
  int16_t* zero = reinterpret_cast<int16_t*>(bias + 2 * columns);
  int8_t* w = reinterpret_cast<int8_t*>(bias + 3 * columns);
  for (int64_t j = 0; j < columns; ++j) {
    const bool real = j < count;
    bias[j] = real ? raw.bias_of(first + j) : 0;
    scale[j] = real ? raw.scale_of(first + j) : 0;
    zero[2 * j] = static_cast<int16_t>(real ? raw.zero_of(first + j) - shift : 0);
    zero[2 * j + 1] = zero[2 * j];
  }
  for (int64_t tap = 0; tap < c.taps; ++tap) {
    for (int64_t k = 0; k < pairs_of(c) * 2; k += 2) {
      for (int64_t j = 0; j < columns; ++j) {
        for (int64_t i = k; i < k + 2; ++i) {
          const bool real = j < count && i < c.cg;
          const int64_t at = ((first + j) * c.taps + tap) * c.cg + i;
          *w++ = static_cast<int8_t>(real ? raw.weight(at) - shift : 0);
        }
      }
    }
  }
}

}  // namespace

const char* bind_qconv_tiled(const QTiling& t, const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv(step, p)) return reason;
  ConvParams& c = p->conv;
  if (p->wide != 0 && p->wide != 1) return "sums may need more than 32 bits";
  if (c.c > 1 && c.groups == c.c && c.groups == c.o) return "depthwise has kernels of its own";
  for (size_t i = 2; i < 5; ++i) {
    if (operand_or_absent(step.in, i).present()) return "bias, scale or zero are not constant";
  }
  int64_t weights = 0, workspace = 0;
  if (!sizes_fit(c, t.panel, &weights, &workspace)) return "too large";
  if (!is_blob(step.in[1], weights)) return "weights not packed";
  *work = {};
  const int64_t pixels = c.batch * c.oh * c.ow, words = pairs_of(c);
  c.blocking =
      block_work(t.rows, t.panel, pixels, c.og, c.taps * words, c.batch * c.h * c.w * words);
  work->phases = 2;
  work->units[0] = ceil_div(c.batch * c.h * c.w, widened_pixels);
  work->units[1] = c.groups * c.blocking.row_units * c.blocking.panel_units;
  work->scratch_bytes = zeros_bytes(c) + pointers_bytes(c);
  work->workspace_bytes = workspace;
  return nullptr;
}

int64_t qconv_tiled_bytes(const QTiling& t, const Step& step, int index) {
  QConvParams p;
  int64_t weights = 0, workspace = 0;
  if (index < 1 || !has_constant_weights(step) || check_qconv_raw_weights(step, &p)) return 0;
  if (!sizes_fit(p.conv, t.panel, &weights, &workspace)) return 0;
  return index > 1 ? -1 : weights;
}

void pack_qconv_tiled(const QTiling& t, const Step& step, const void* const* raw, void* dst) {
  QConvParams p;
  if (check_qconv_raw_weights(step, &p)) return;
  const ConvParams& c = p.conv;
  const RawWeights weights = raw_weights(p, raw);
  for (int64_t g = 0; g < c.groups; ++g) {
    uint8_t* group = static_cast<uint8_t*>(dst) + g * group_columns(c, t.panel) * column_bytes(c);
    for (int64_t o = 0; o < c.og; o += t.panel.columns) {
      pack_panel(weights, g * c.og + o, c.og - o, panel_width(t.panel, c.og, o),
                 group + o * column_bytes(c));
    }
  }
}

void run_qconv_tiled(const QTiling& t, const RunArgs& args) {
  const QConvParams& p = *static_cast<const QConvParams*>(args.params);
  if (args.phase == 0) return widen(p, args);
  const ConvParams& c = p.conv;
  const Blocking& b = c.blocking;
  int16_t* zeros = static_cast<int16_t*>(args.scratch);
  for (int64_t i = 0; i < pairs_of(c) * 2; ++i) zeros[i] = 0;
  const int16_t** pointers =
      reinterpret_cast<const int16_t**>(static_cast<char*>(args.scratch) + zeros_bytes(c));
  const int64_t pixels = c.batch * c.oh * c.ow, units_per_group = b.row_units * b.panel_units;
  QTile tile{};
  tile.a = pointers, tile.taps = c.taps, tile.pairs = pairs_of(c);
  tile.y_row = c.y_row, tile.finish = finish_of(p), tile.bias_apart = p.wide == 1;
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    int64_t g = unit / units_per_group, row_unit, panel_unit;
    split_unit(b, unit % units_per_group, &row_unit, &panel_unit);
    const int16_t* x = static_cast<const int16_t*>(args.workspace) + g * pairs_of(c) * 2;
    const uint8_t* w =
        static_cast<const uint8_t*>(args.in[1]) + g * group_columns(c, t.panel) * column_bytes(c);
    const int64_t m_end = row_unit * b.rows + b.rows < pixels ? row_unit * b.rows + b.rows : pixels;
    const int64_t o_begin = panel_unit * b.panels * t.panel.columns;
    int64_t o_end = o_begin + b.panels * t.panel.columns;
    if (o_end > c.og) o_end = c.og;
    for (int64_t m = row_unit * b.rows, rows; m < m_end; m += rows) {
      const int64_t left = m_end - m, tiles = ceil_div(left, t.rows);
      rows = ceil_div(left, tiles);
      find_pointers(c, x, m, rows, zeros, pointers);
      for (int64_t o = o_begin; o < o_end; o += t.panel.columns) {
        tile.panel = w + o * column_bytes(c);
        tile.columns = o_end - o < t.panel.columns ? o_end - o : t.panel.columns;
        tile.y = static_cast<uint8_t*>(args.out[0]) + m * c.y_row + g * c.og + o;
        t.get(rows, panel_width(t.panel, c.og, o) / t.panel.width)(tile);
      }
    }
  }
}

}  // namespace hone::kernels
