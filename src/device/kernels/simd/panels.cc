#include "device/kernels/simd/panels.h"

namespace hone::kernels {
namespace {

// What the panels of one unit may take of the L2 cache.
constexpr int64_t panel_bytes_per_unit = 512 * 1024;
// Panels that may be read once more for the sake of a second thread.
constexpr int64_t most_bytes_read_twice = 1024 * 1024;
// Units there should be at least, so that a few threads finish together.
constexpr int64_t wanted_units = 16;

int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
int64_t ceil_of(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

void pack_panel(PanelShape s, const PanelSource& source, int64_t panel, float* dst) {
  int64_t first = panel * s.columns, wide = panel_width(s, source.n, first);
  int64_t valid = at_most(wide, source.n - first);
  dst += panel_offset(first, source.k);
  for (int64_t j = 0; j < wide; ++j) {
    dst[j] = j < valid && source.bias ? source.bias[first + j] : 0.0f;
  }
  const float* w = source.w + first * source.n_step;
  for (int64_t k = 0; k < source.k; ++k) {
    dst += wide;
    for (int64_t j = 0; j < valid; ++j) {
      dst[j] = source.alpha * w[k * source.k_step + j * source.n_step];
    }
    for (int64_t j = valid; j < wide; ++j) dst[j] = 0;
  }
}

void pack_panels(PanelShape s, const PanelSource& source, float* dst) {
  for (int64_t p = 0; p < panel_count(s, source.n); ++p) pack_panel(s, source, p, dst);
}

Blocking block_work(int tile_rows, PanelShape s, int64_t rows, int64_t n, int64_t k,
                    int64_t x_floats) {
  Blocking b{};
  int64_t panels = panel_count(s, n), tiles = ceil_of(rows, tile_rows);
  if (panels == 0 || tiles == 0) return b;
  b.rows = tile_rows * at_most(ceil_of(tiles, wanted_units), 64);
  b.row_units = ceil_of(rows, b.rows);
  int64_t bytes = (k + 1) * s.columns * 4;
  b.panels = at_most(at_least(panel_bytes_per_unit / bytes, 1), panels);
  if (b.row_units * ceil_of(panels, b.panels) < wanted_units) {
    b.panels = at_most(b.panels, at_least(panels * b.row_units / wanted_units, 1));
  }
  b.panel_units = ceil_of(panels, b.panels);
  // The outer operand is read once, the inner one once for each step of the outer.
  int64_t w_floats = panel_floats(s, n, k);
  if (w_floats + x_floats * b.panel_units < x_floats + w_floats * b.row_units) {
    b.row_chunk = w_floats * 4 <= most_bytes_read_twice ? ceil_of(b.row_units, 2) : b.row_units;
  }
  return b;
}

}  // namespace hone::kernels
