// How qconv's tiles read x: as runs of elements that lie side by side. A row of the kernel is one
// run (of its columns' channels) where nothing lies between them, so that the products of a first
// layer's three channels fill whole words too; else each tap is a run. Tiles read whole 32-bit
// words: what a run reads too much meets weights of 0.
#pragma once

#include "device/kernels/qconv/params.h"

namespace hone::kernels {

// What x is multiplied as: bytes (u8; of i8 128 more), or words less the zero point.
enum class QElement : int64_t { byte = 1, word = 2 };  // its bytes

// Fills p->source; runs are read `together` words at a time. False where the copy it needs is too
// large; else its bytes, 0 where tiles read x itself.
bool find_source(QConvParams* p, QElement element, int64_t together, int64_t* workspace);

// As AMX reads x, in place or gathered (conv/tile_windows.h): a window is one run of bytes.
void set_tiled_source(QConvParams* p);

// Writes rows [begin, end) of the copy: all pictures' rows under each other, the padding filled
// with the zero point. `convert` takes pixels that lie side by side.
using QConvert = void (*)(const QConvParams& p, const void* x, int64_t elements, void* to);
void copy_source(const QConvParams& p, QConvert convert, const void* x, void* copy, int64_t begin,
                 int64_t end);

// Where the window of output pixel (n, oy, ox) begins.
static inline const uint8_t* window_at(const QConvParams& p, const void* x, int64_t n, int64_t oy,
                                       int64_t ox) {
  const QSource& s = p.source;
  return static_cast<const uint8_t*>(x) + n * s.picture + oy * p.conv.sh * s.row +
         ox * p.conv.sw * s.pixel;
}

}  // namespace hone::kernels
