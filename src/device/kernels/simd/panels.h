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
  // 0: all panels for a row unit, then the next. Else so many row units for a panel unit, so that
  // panels are read less often; but not all of the rows, so that each of two threads has rows of
  // its own, in this step and the next: what the other core wrote is far away.
  int64_t row_chunk;
};
// k: length of the sums; x_floats: what of the input all rows together read.
Blocking block_work(int tile_rows, PanelShape s, int64_t rows, int64_t n, int64_t k,
                    int64_t x_floats);

// Row and panel numbers of unit `unit` of one matrix.
static inline void split_unit(const Blocking& b, int64_t unit, int64_t* row_unit,
                              int64_t* panel_unit) {
  if (b.row_chunk == 0) {
    *row_unit = unit / b.panel_units, *panel_unit = unit % b.panel_units;
    return;
  }
  const int64_t chunk = unit / (b.row_chunk * b.panel_units), first = chunk * b.row_chunk;
  const int64_t rest = unit % (b.row_chunk * b.panel_units);
  const int64_t rows = b.row_units - first < b.row_chunk ? b.row_units - first : b.row_chunk;
  *row_unit = first + rest % rows, *panel_unit = rest / rows;
}

}  // namespace hone::kernels
