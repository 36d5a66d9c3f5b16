#include "device/kernels/peak/peak.h"

namespace hone::kernels {

PeakLoops peak_loops(IsaMask isa) {
  PeakLoops best = {Isa::portable, portable::peak_fma, portable::peak_dot, portable::peak_read};
#if defined(__x86_64__)
  if (has(isa, Isa::avx2)) best = {Isa::avx2, avx2::peak_fma, avx2::peak_dot, avx2::peak_read};
  if (has(isa, Isa::avx512)) {
    best = {Isa::avx512, avx512::peak_fma, avx512::peak_dot, avx512::peak_read};
  }
  if (has(isa, Isa::avx512_vnni)) best.dot = avx512_vnni::peak_dot;
#endif
#if defined(__aarch64__)
  if (has(isa, Isa::neon)) best = {Isa::neon, neon::peak_fma, neon::peak_dot, neon::peak_read};
#endif
  return best;
}

}  // namespace hone::kernels
