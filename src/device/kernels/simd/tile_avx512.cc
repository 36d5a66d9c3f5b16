#include "device/kernels/simd/avx512.h"

#define HONE_ISA avx512
#include "device/kernels/simd/tile.inl.h"

namespace hone::kernels::avx512 {

#define HONE_6_ROWS(v) \
  tile_f32<1, v>, tile_f32<2, v>, tile_f32<3, v>, tile_f32<4, v>, tile_f32<5, v>, tile_f32<6, v>
#define HONE_14_ROWS(v)                                                            \
  HONE_6_ROWS(v), tile_f32<7, v>, tile_f32<8, v>, tile_f32<9, v>, tile_f32<10, v>, \
      tile_f32<11, v>, tile_f32<12, v>, tile_f32<13, v>, tile_f32<14, v>
const TileFunction tiles_14x32[] = {HONE_14_ROWS(1), HONE_14_ROWS(2)};
const TileFunction tiles_6x64[] = {HONE_6_ROWS(1), HONE_6_ROWS(2), HONE_6_ROWS(3), HONE_6_ROWS(4)};

}  // namespace hone::kernels::avx512
