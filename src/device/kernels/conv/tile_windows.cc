#include "device/kernels/conv/tile_windows.h"

#include <cstring>

namespace hone::kernels {
namespace {

int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

// Where the windows of some output pixels begin, in the picture or not.
struct Corners {
  int64_t rows;
  int64_t iy[tile_rows], ix[tile_rows];
  int64_t at[tile_rows];  // bytes from the group's first channel
  bool even;              // all sixteen lie `stride` bytes apart
  int64_t stride;
  int64_t min_y, max_y, min_x, max_x;
};

Corners corners_of(const Windows& w, int64_t m, int64_t rows) {
  const ConvParams& c = w.c;
  int64_t ox = m % c.ow, oy = m / c.ow % c.oh, n = m / c.ow / c.oh;
  Corners r;
  r.rows = rows;
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t iy = oy * c.sh - c.pt, ix = ox * c.sw - c.pl;
    r.iy[i] = iy, r.ix[i] = ix;
    r.at[i] = ((n * c.h + iy) * c.w + ix) * c.x_row * w.element;
    r.min_y = i == 0 || iy < r.min_y ? iy : r.min_y,
    r.max_y = i == 0 || iy > r.max_y ? iy : r.max_y;
    r.min_x = i == 0 || ix < r.min_x ? ix : r.min_x,
    r.max_x = i == 0 || ix > r.max_x ? ix : r.max_x;
    if (++ox < c.ow) continue;
    ox = 0;
    if (++oy == c.oh) oy = 0, ++n;
  }
  r.stride = rows > 1 ? r.at[1] - r.at[0] : 0;
  r.even = rows == tile_rows;
  for (int64_t i = 1; i < rows; ++i) r.even = r.even && r.at[i] - r.at[i - 1] == r.stride;
  return r;
}

bool inside(int64_t at, int64_t size) { return at >= 0 && at < size; }

// Bytes [begin, begin + n) of row `row` of the tiles at `gathered`; no source: filled with `fill`.
void put(uint8_t* gathered, int64_t row, int64_t begin, const uint8_t* from, uint8_t fill,
         int64_t n) {
  while (n > 0) {
    const int64_t in_row = begin % tile_row_bytes, part = at_most(tile_row_bytes - in_row, n);
    uint8_t* to = gathered + gathered_bytes(begin / tile_row_bytes) + row * tile_row_bytes;
    if (from) {
      memcpy(to + in_row, from, static_cast<size_t>(part)), from += part;
    } else {
      memset(to + in_row, fill, static_cast<size_t>(part));
    }
    begin += part, n -= part;
  }
}

// One tap of all windows; it begins `begin` bytes into each.
void gather_tap(const Windows& w, const Corners& r, int64_t ky, int64_t kx, int64_t begin,
                uint8_t* gathered) {
  const ConvParams& c = w.c;
  const int64_t y = ky * c.dh, x = kx * c.dw;
  const int64_t offset = (y * c.w + x) * c.x_row * w.element;
  for (int64_t i = 0; i < r.rows; ++i) {
    const bool in = inside(r.iy[i] + y, c.h) && inside(r.ix[i] + x, c.w);
    put(gathered, i, begin, in ? w.x + r.at[i] + offset : nullptr, w.outside, w.tap_bytes());
  }
}

void fill_last_step(int64_t depth, int64_t rows, uint8_t* gathered) {
  const int64_t left = (tile_row_bytes - depth % tile_row_bytes) % tile_row_bytes;
  for (int64_t i = 0; i < rows; ++i) put(gathered, i, depth, nullptr, 0, left);
}

// Rows of the kernel whose pixels lie side by side are copied at once.
void gather_all(const Windows& w, const Corners& r, uint8_t* gathered) {
  const ConvParams& c = w.c;
  const bool together =
      c.groups == 1 && c.dw == 1 && c.x_row == c.c && r.min_x >= 0 && r.max_x + c.kw <= c.w;
  const int64_t row_bytes = c.kw * w.tap_bytes();
  for (int64_t ky = 0; ky < c.kh; ++ky) {
    for (int64_t i = 0; together && i < r.rows; ++i) {
      const bool in = inside(r.iy[i] + ky * c.dh, c.h);
      const int64_t offset = ky * c.dh * c.w * c.x_row * w.element;
      const uint8_t* from = in ? w.x + r.at[i] + offset : nullptr;
      put(gathered, i, ky * row_bytes, from, w.outside, row_bytes);
    }
    for (int64_t kx = 0; !together && kx < c.kw; ++kx) {
      gather_tap(w, r, ky, kx, ky * row_bytes + kx * w.tap_bytes(), gathered);
    }
  }
  fill_last_step(c.taps * w.tap_bytes(), r.rows, gathered);
}

// Steps [begin, end) out of `gathered`.
void list_gathered(uint8_t* gathered, int64_t begin, int64_t end, TileRows* list) {
  for (int64_t s = begin; s < end; ++s) {
    list[s] = {gathered + gathered_bytes(s), tile_row_bytes};
  }
}

// A product of rows: only what is left of the last step is gathered.
void list_rows(const Windows& w, const Corners& r, uint8_t* gathered, TileRows* list) {
  const int64_t depth = w.tap_bytes(), whole = depth / tile_row_bytes;
  for (int64_t s = 0; s < whole; ++s) list[s] = {w.x + r.at[0] + s * tile_row_bytes, r.stride};
  if (whole * tile_row_bytes == depth) return;
  const int64_t begin = whole * tile_row_bytes;
  for (int64_t i = 0; i < r.rows; ++i) {
    put(gathered, i, begin, w.x + r.at[i] + begin, 0, depth - begin);
  }
  fill_last_step(depth, r.rows, gathered);
  list_gathered(gathered, whole, whole + 1, list);
}

// Taps of whole steps: those that all windows have inside are read where they are.
void list_taps(const Windows& w, const Corners& r, uint8_t* gathered, TileRows* list) {
  const ConvParams& c = w.c;
  const int64_t steps = w.tap_bytes() / tile_row_bytes;
  int64_t at = 0;
  for (int64_t ky = 0; ky < c.kh; ++ky) {
    const int64_t y = ky * c.dh;
    const bool rows_in = inside(r.min_y + y, c.h) && inside(r.max_y + y, c.h);
    for (int64_t kx = 0; kx < c.kw; ++kx, at += steps) {
      const int64_t x = kx * c.dw;
      if (rows_in && inside(r.min_x + x, c.w) && inside(r.max_x + x, c.w)) {
        const uint8_t* from = w.x + r.at[0] + (y * c.w + x) * c.x_row * w.element;
        for (int64_t s = 0; s < steps; ++s) {
          list[at + s] = {from + s * tile_row_bytes, r.stride};
        }
      } else {
        gather_tap(w, r, ky, kx, at * tile_row_bytes, gathered);
        list_gathered(gathered, at, at + steps, list);
      }
    }
  }
}

}  // namespace

void list_windows(const Windows& w, int64_t m, int64_t rows, uint8_t* gathered, TileRows* list) {
  const Corners r = corners_of(w, m, rows);
  if (r.even && w.c.pointwise) return list_rows(w, r, gathered, list);
  if (r.even && w.tap_bytes() % tile_row_bytes == 0) return list_taps(w, r, gathered, list);
  gather_all(w, r, gathered);
  list_gathered(gathered, 0, w.steps(), list);
}

}  // namespace hone::kernels
