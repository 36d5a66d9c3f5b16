// Windows of convolutions as tiles of AMX read them: 16 output pixels, 64 bytes of each at a time.
// Where those of all sixteen lie evenly in x they are read there, else gathered into a tile of
// their own.
//
// The bytes of a window are its taps' channels one after the other, then 0 up to a whole step. What
// lies outside of the picture is `outside`.
#pragma once

#include "device/kernels/conv/params.h"
#include "device/kernels/simd/amx.h"

namespace hone::kernels {

struct Windows {
  const ConvParams& c;
  const uint8_t* x;  // the first channel of the group
  int64_t element;   // bytes
  uint8_t outside;

  int64_t tap_bytes() const { return c.cg * element; }
  int64_t steps() const { return tile_steps(c.taps * tap_bytes()); }
};

// Memory that list_windows() gathers into.
static inline int64_t gathered_bytes(int64_t steps) { return steps * tile_bytes; }

// Lists all steps of the windows of output pixels [m, m + rows), rows <= 16. Of the rows from
// `rows` on nothing is said: they may hold anything.
void list_windows(const Windows& w, int64_t m, int64_t rows, uint8_t* gathered, TileRows* list);

// The lists of up to amx_rows windows, in memory of bytes(steps).
class TileLists {
 public:
  TileLists(void* memory, int64_t steps)
      : gathered_(static_cast<uint8_t*>(memory)),
        lists_(reinterpret_cast<TileRows*>(gathered_ + 2 * gathered_bytes(steps))),
        steps_(steps) {}
  static int64_t bytes(int64_t steps) {
    return 2 * steps * (tile_bytes + static_cast<int64_t>(sizeof(TileRows)));
  }
  // Of output pixels [m, m + rows); what is not of x is for the caller to fill in.
  AmxBlock fill(const Windows& w, int64_t m, int64_t rows) const {
    const int64_t first = rows < tile_rows ? rows : tile_rows;
    AmxBlock block{{lists_, nullptr}, steps_, nullptr, nullptr};
    list_windows(w, m, first, gathered_, lists_);
    if (rows == first) return block;
    list_windows(w, m + first, rows - first, gathered_ + gathered_bytes(steps_), lists_ + steps_);
    block.a[1] = lists_ + steps_;
    return block;
  }

 private:
  uint8_t* gathered_;
  TileRows* lists_;
  int64_t steps_;
};

}  // namespace hone::kernels
