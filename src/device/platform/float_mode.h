// The floating-point mode kernels are written for: round to nearest, subnormals kept, no traps.
// A caller that flushes subnormals would otherwise get other bits than the pool's threads.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace hone::platform {

#if defined(__x86_64__)
using FloatMode = uint32_t;
constexpr FloatMode default_float_mode = 0x1f80;
inline FloatMode float_mode() { return _mm_getcsr(); }
inline void set_float_mode(FloatMode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
using FloatMode = uint64_t;
constexpr FloatMode default_float_mode = 0;
inline FloatMode float_mode() {
  FloatMode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
inline void set_float_mode(FloatMode mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }
#else
using FloatMode = uint32_t;
constexpr FloatMode default_float_mode = 0;
inline FloatMode float_mode() { return 0; }
inline void set_float_mode(FloatMode) {}
#endif

// The default mode as long as it lives, the caller's afterwards.
class DefaultFloatMode {
 public:
  DefaultFloatMode() : saved_(float_mode()) { set_float_mode(default_float_mode); }
  ~DefaultFloatMode() { set_float_mode(saved_); }
  DefaultFloatMode(const DefaultFloatMode&) = delete;
  DefaultFloatMode& operator=(const DefaultFloatMode&) = delete;

 private:
  FloatMode saved_;
};

}  // namespace hone::platform
