#include "device/kernels/conv/windows.h"

#include "common/base/checked.h"

namespace hone::kernels {
namespace {

// Pixels' rows of the kernel lie in one piece each: dense pixels, no dilation between columns.
bool has_runs(const ConvParams& p) { return p.kw > 1 && p.dw == 1 && p.x_row == p.cg; }
// Windows that the border cuts are copied, with their zeros, so that theirs are in one piece too:
// worth it where windows are small.
constexpr int64_t max_patch_floats = 512;
bool has_patches(const ConvParams& p) { return has_runs(p) && p.taps * p.cg <= max_patch_floats; }

int64_t zeros_bytes(const ConvParams& p) { return round_up(p.cg * 4, 64); }
int64_t pointers_bytes(const ConvParams& p) {
  return p.taps * max_tile_rows * static_cast<int64_t>(sizeof(float*));
}
int64_t patches_bytes(const ConvParams& p) {
  return has_patches(p) ? max_tile_rows * p.taps * p.cg * 4 : 0;
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
void find_taps(const ConvParams& p, const Windows& w, int rows, const WindowScratch& s) {
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
void find_runs(const ConvParams& p, const Windows& w, int rows, const WindowScratch& s) {
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

// Of one axis: output positions whose windows lie inside.
int64_t inner(int64_t size, int64_t out, int64_t kernel, int64_t stride, int64_t dilation,
              int64_t pad) {
  const int64_t first = (pad + stride - 1) / stride,
                last = size + pad - (kernel - 1) * dilation - 1;
  const int64_t end = last < 0 ? 0 : last / stride + 1;
  const int64_t count = (end < out ? end : out) - first;
  return count > 0 ? count : 0;
}

// Larger pictures have few pixels at their borders.
constexpr int64_t most_padded_bytes = 128 * 1024;

}  // namespace

int64_t window_scratch_bytes(const ConvParams& p) {
  return zeros_bytes(p) + pointers_bytes(p) + patches_bytes(p) + p.kw * 4;
}
WindowScratch window_scratch(const ConvParams& p, void* scratch) {
  char* at = static_cast<char*>(scratch);
  WindowScratch s;
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

void find_pointers(const ConvParams& p, const float* x, int64_t m, int rows, const WindowScratch& s,
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

int64_t padded_bytes(const ConvParams& p) {
  if (!has_patches(p) || p.batch == 0 || p.oh < 1 || p.ow < 1) return 0;
  const ConvParams to = padded(p);
  int64_t pixels = 0, bytes = 0;  // pads are only known to be of 32 bits
  const bool huge =
      mul_overflows(to.h, to.w, &pixels) || mul_overflows(pixels, p.batch * p.c * 4, &bytes);
  return huge || bytes > most_padded_bytes ? most_padded_bytes : bytes;
}

bool pads_first(const ConvParams& p) {
  const int64_t bytes = padded_bytes(p);
  if (bytes == 0 || bytes == most_padded_bytes) return false;
  const int64_t whole =
      inner(p.h, p.oh, p.kh, p.sh, p.dh, p.pt) * inner(p.w, p.ow, p.kw, p.sw, p.dw, p.pl);
  const int64_t cut_floats = (p.oh * p.ow - whole) * p.taps * p.cg;
  // A window's few floats cost about four times what those of a long row do.
  return 4 * cut_floats > p.h * p.w * p.c;
}

ConvParams padded(const ConvParams& p) {
  ConvParams to = p;
  to.h = (p.oh - 1) * p.sh + (p.kh - 1) * p.dh + 1;
  to.w = (p.ow - 1) * p.sw + (p.kw - 1) * p.dw + 1;
  to.pt = to.pl = 0;
  to.x_row = p.c;
  return to;
}

void pad_rows(const ConvParams& p, const ConvParams& to, const float* x, int64_t begin, int64_t end,
              float* y) {
  const int64_t row = to.w * p.c, left = p.pl * p.c < row ? p.pl * p.c : row;
  const int64_t right = left + p.w * p.c < row ? left + p.w * p.c : row;
  y += begin * row;
  for (int64_t r = begin; r < end; ++r, y += row) {
    const int64_t n = r / to.h, iy = r % to.h - p.pt;
    const bool inside = iy >= 0 && iy < p.h;
    const float* from = x + (n * p.h + iy) * p.w * p.c - left;
    for (int64_t i = 0; i < (inside ? left : row); ++i) y[i] = 0;
    if (!inside) continue;
    for (int64_t i = left; i < right; ++i) y[i] = from[i];
    for (int64_t i = right; i < row; ++i) y[i] = 0;
  }
}

}  // namespace hone::kernels
