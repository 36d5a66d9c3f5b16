// Elements as words of their width, for kernels that move values without looking at them.
#pragma once

#include <cstdint>

namespace hone::kernels {

struct Word16 {  // 16 bytes with the alignment that complex elements have
  uint64_t lo, hi;
};

// Calls f with a value of the unsigned word of 1, 2, 4, 8 or 16 bytes.
template <class F>
static inline void with_word(int bytes, F&& f) {
  switch (bytes) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    case 8: return f(uint64_t{});
    case 16: return f(Word16{});
    default: return;
  }
}

}  // namespace hone::kernels
