#include "device/kernels/simd/neon.h"

#define HONE_ISA neon
#include "device/kernels/simd/tile.inl.h"

namespace hone::kernels::neon {

#define HONE_ROWS(v) \
  tile_f32<1, v>, tile_f32<2, v>, tile_f32<3, v>, tile_f32<4, v>, tile_f32<5, v>, tile_f32<6, v>
const TileFunction tiles_6x16[] = {HONE_ROWS(1), HONE_ROWS(2), HONE_ROWS(3), HONE_ROWS(4)};

}  // namespace hone::kernels::neon
