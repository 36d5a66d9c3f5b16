#include "device/kernels/simd/ymm_avx512.h"

#define HONE_ISA avx512_ymm
#include "device/kernels/simd/tile.inl.h"

namespace hone::kernels::avx512_ymm {

#define HONE_9_ROWS(v)                                                                            \
  tile_f32<1, v>, tile_f32<2, v>, tile_f32<3, v>, tile_f32<4, v>, tile_f32<5, v>, tile_f32<6, v>, \
      tile_f32<7, v>, tile_f32<8, v>, tile_f32<9, v>
const TileFunction tiles_9x24[] = {HONE_9_ROWS(1), HONE_9_ROWS(2), HONE_9_ROWS(3)};

}  // namespace hone::kernels::avx512_ymm
