// Loops that do nothing but what a kernel could do at best: multiply-adds on registers, loads in
// order. What a profiler holds layers against; no step runs them.
#pragma once

#include <cstdint>

#include "common/target/isa.h"

namespace hone::kernels {

struct PeakLoops {
  Isa isa;
  // Runs the rounds; floating-point operations done (a multiply-add is two).
  double (*fma)(int64_t rounds);
  // Likewise exact products of bytes added up in 32 bits.
  double (*dot)(int64_t rounds);
  // Reads `floats` floats in order; p 64-byte aligned, floats a multiple of 128. Their sum.
  float (*read)(const float* p, int64_t floats);
};

// The widest loops of these levels: f32 and loads of the one, bytes of the other (VNNI has no f32
// of its own).
PeakLoops peak_loops(IsaMask isa);

#define HONE_PEAK_LOOPS(isa)                  \
  namespace isa {                             \
  double peak_fma(int64_t rounds);            \
  double peak_dot(int64_t rounds);            \
  float peak_read(const float* p, int64_t n); \
  }
HONE_PEAK_LOOPS(portable)
#if defined(__x86_64__)
HONE_PEAK_LOOPS(avx2)
HONE_PEAK_LOOPS(avx512)
namespace avx512_vnni {
double peak_dot(int64_t rounds);
}
#endif
#if defined(__aarch64__)
HONE_PEAK_LOOPS(neon)
#endif
#undef HONE_PEAK_LOOPS

}  // namespace hone::kernels
