// Where the input of output pixels lies, as simd/tile.h takes it: a pointer for each tap, or for
// each row of taps where those follow one another.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/simd/tile.h"

namespace hone::kernels {

// Scratch of one thread: a pixel of zeros, the pointers of one tile, which columns of the kernel
// are inside for which of the tile's pixels, the windows that are copied.
struct WindowScratch {
  float* zeros;
  const float** pointers;  // [taps][max_tile_rows]
  float* patches;          // [max_tile_rows][taps][cg], where windows are copied
  uint32_t* columns;       // [kw], bit i = pixel i
};
int64_t window_scratch_bytes(const ConvParams& p);
WindowScratch window_scratch(const ConvParams& p, void* scratch);

// Sets the taps and k of `tile`, and s.pointers to what output pixels [m, m + rows) read of x. The
// order of the sum is the same either way.
void find_pointers(const ConvParams& p, const float* x, int64_t m, int rows, const WindowScratch& s,
                   Tile* tile);

// The windows that the border cuts are many enough, and small enough, that a picture with the zeros
// around it costs less than their copies.
bool pads_first(const ConvParams& p);
// Workspace for that picture, also where these sizes do without: of dynamic sizes the largest
// decide what is reserved, so it must not shrink as they grow.
int64_t padded_bytes(const ConvParams& p);
// That picture: dense, no pads.
ConvParams padded(const ConvParams& p);
// Rows [begin, end) of all pictures of `to`.
void pad_rows(const ConvParams& p, const ConvParams& to, const float* x, int64_t begin, int64_t end,
              float* y);

}  // namespace hone::kernels
