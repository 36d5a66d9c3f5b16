// Packing of a constant matrix for simd/tile.h, and how the work on it is cut. Portable: the
// building host may lack the ISA.
//
// n columns of k rows become panels of `columns` columns (the last one as few vectors as it needs,
// its missing columns 0). A panel is its bias, then its k rows.
#pragma once

#include <cstdint>

namespace hone::kernels {

struct PanelShape {
  int columns;  // of a panel: the tile's vectors * width
  int width;    // of a vector
};

// Floats of all panels. n and k are checked to be within 48 bits together.
static inline int64_t panel_floats(PanelShape s, int64_t n, int64_t k) {
  return (n + s.width - 1) / s.width * s.width * (k + 1);
}
static inline int64_t panel_count(PanelShape s, int64_t n) {
  return (n + s.columns - 1) / s.columns;
}
// Columns the panel starting at column `first` is wide.
static inline int64_t panel_width(PanelShape s, int64_t n, int64_t first) {
  int64_t left = n - first;
  if (left >= s.columns) return s.columns;
  return (left + s.width - 1) / s.width * s.width;
}
// Where that panel begins; `first` is a multiple of s.columns.
static inline int64_t panel_offset(int64_t first, int64_t k) { return first * (k + 1); }

// Element (k, n) of the matrix is w[k * k_step + n * n_step]; it is multiplied by alpha.
struct PanelSource {
  const float* w;
  int64_t n, k, n_step, k_step;
  float alpha;
  const float* bias;  // nullptr: 0
};
// Writes panel `panel` of `source` to where it belongs in `dst`.
void pack_panel(PanelShape s, const PanelSource& source, int64_t panel, float* dst);
void pack_panels(PanelShape s, const PanelSource& source, float* dst);

// How rows x panels are cut into units. A unit is `rows` rows times `panels` panels; its tiles run
// over the rows outside, over the panels inside, so the panels of a unit should fit the L2 cache.
struct Blocking {
  int64_t rows, panels, row_units, panel_units;
  bool panels_outermost;
};
// k: length of the sums; x_floats: what of the input all rows together read.
Blocking block_work(int tile_rows, PanelShape s, int64_t rows, int64_t n, int64_t k,
                    int64_t x_floats);

// Row and panel numbers of unit `unit` of one matrix.
static inline void split_unit(const Blocking& b, int64_t unit, int64_t* row_unit,
                              int64_t* panel_unit) {
  int64_t inner = b.panels_outermost ? b.row_units : b.panel_units;
  int64_t outer_index = unit / inner, inner_index = unit % inner;
  *row_unit = b.panels_outermost ? inner_index : outer_index;
  *panel_unit = b.panels_outermost ? outer_index : inner_index;
}

}  // namespace hone::kernels
