#include "device/kernels/qconv/source.h"

#include <cstring>

#include "common/base/checked.h"
#include "device/kernels/qconv/pack.h"
#include "device/kernels/rows.h"
#include "device/kernels/simd/amx.h"

namespace hone::kernels {
namespace {

constexpr int64_t slack = 64;  // bytes after a copy: the last run may read into them

// What the windows of one axis cover, from the first tap of the first one on.
int64_t covered(int64_t windows, int64_t stride, int64_t kernel, int64_t dilation) {
  return (windows - 1) * stride + (kernel - 1) * dilation + 1;
}

int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }

void fill_padding(const QConvParams& p, int64_t pixels, uint8_t* to) {
  const QSource& s = p.source;
  const int zero = s.element == 1 ? static_cast<int>(x_zero_of(p)) : 0;
  memset(to, zero, static_cast<size_t>(pixels * s.pixel));
}

}  // namespace

bool find_source(QConvParams* p, QElement element, int64_t together, int64_t* workspace) {
  const ConvParams& c = p->conv;
  QSource& s = p->source;
  s.element = static_cast<int64_t>(element), s.whole = together;
  const bool by_rows = row_is_one_run(c);
  s.taps_y = c.kh, s.taps_x = by_rows ? 1 : c.kw;
  s.run = by_rows ? c.kw * c.cg : c.cg;
  s.h = covered(c.oh, c.sh, c.kh, c.dh), s.w = covered(c.ow, c.sw, c.kw, c.dw);
  const bool padded = c.pt > 0 || c.pl > 0 || s.h > c.h || s.w > c.w;
  const bool apart = by_rows && c.kw > 1 && c.x_row != c.c;
  s.copied = padded || apart || element != QElement::byte || p->x_type != DType::u8 ||
             s.run % (4 * together);
  *workspace = 0;
  int64_t row = 0, rows = 0;
  if (s.copied &&
      (mul_overflows(s.w, c.c * s.element, &row) || mul_overflows(c.batch, s.h, &rows) ||
       mul_overflows(rows, row, workspace) || *workspace > max_elements * 2)) {
    return false;
  }
  s.pixel = s.copied ? c.c * s.element : c.x_row;
  s.row = (s.copied ? s.w : c.w) * s.pixel;
  s.picture = (s.copied ? s.h : c.h) * s.row;
  s.step_y = c.kh > 1 ? c.dh * s.row : 0, s.step_x = s.taps_x > 1 ? c.dw * s.pixel : 0;
  if (s.copied) *workspace += slack;
  return true;
}

void set_tiled_source(QConvParams* p) {
  p->source = {};
  p->source.element = p->source.taps_y = p->source.taps_x = 1;
  p->source.run = p->conv.taps * p->conv.cg;
  p->source.whole = tile_rows;
}

void copy_source(const QConvParams& p, QConvert convert, const void* x, void* copy, int64_t begin,
                 int64_t end) {
  const ConvParams& c = p.conv;
  const QSource& s = p.source;
  const int64_t left = at_most(c.pl, s.w), inside = at_least(at_most(c.w, s.w - left), 0);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t n = row / s.h, y = row % s.h - c.pt;
    uint8_t* to = static_cast<uint8_t*>(copy) + row * s.row;
    if (y < 0 || y >= c.h) {
      fill_padding(p, s.w, to);
      continue;
    }
    fill_padding(p, left, to);
    const uint8_t* from = static_cast<const uint8_t*>(x) + (n * c.h + y) * c.w * c.x_row;
    to += left * s.pixel;
    if (c.x_row == c.c) {
      convert(p, from, inside * c.c, to);
    } else {
      for (int64_t i = 0; i < inside; ++i) {
        convert(p, from + i * c.x_row, c.c, to + i * s.pixel);
      }
    }
    fill_padding(p, s.w - left - inside, to + inside * s.pixel);
  }
}

}  // namespace hone::kernels
