// Instruction sets as levels a kernel can ask for. A level includes everything its line in
// levels() says; kernels name the one level they are compiled for.
#pragma once

#include <cstdint>
#include <string_view>

namespace hone {

enum class Isa : uint8_t {
  portable = 0,  // plain C++ for any CPU of the architecture
  avx2,          // AVX2 + FMA + F16C + BMI1/2 + LZCNT (Haswell, Zen 1)
  avx512,        // avx2 + AVX-512 F, BW, CD, DQ, VL (Skylake-SP, Zen 4)
  avx512_vnni,   // avx512 + VNNI
  avx512_bf16,   // avx512_vnni + AVX512-BF16
  amx,           // avx512_bf16 + AMX tile, int8, bf16, with the kernel's permission
  neon,          // AArch64 Advanced SIMD
  neon_dot,      // neon + dot product
  neon_i8mm,     // neon_dot + int8 matrix multiply
  avx_vnni,  // avx2 + AVX-VNNI (Alder Lake); not below avx512. Here so that files keep their bits
};
constexpr int isa_count = 10;

// Set of levels, bit i = Isa(i). A machine has `portable` and every level it can run.
using IsaMask = uint32_t;
constexpr IsaMask mask(Isa i) { return 1u << static_cast<int>(i); }
constexpr bool has(IsaMask set, Isa i) { return (set & mask(i)) != 0; }

constexpr const char* name(Isa i) {
  constexpr const char* table[isa_count] = {"portable",    "avx2",    "avx512", "avx512_vnni",
                                            "avx512_bf16", "amx",     "neon",   "neon_dot",
                                            "neon_i8mm",   "avx_vnni"};
  return table[static_cast<int>(i)];
}

// The level called `text`; false where there is none.
constexpr bool parse(std::string_view text, Isa* out) {
  for (int i = 0; i < isa_count; ++i) {
    if (text == name(static_cast<Isa>(i))) return *out = static_cast<Isa>(i), true;
  }
  return false;
}

// The levels at or below `top` on its architecture: what HONE_FORCE_ISA=top leaves.
constexpr IsaMask up_to(Isa top) {
  IsaMask m = mask(Isa::portable);
  if (top == Isa::avx_vnni) return m | mask(Isa::avx2) | mask(top);
  int first = top >= Isa::neon ? static_cast<int>(Isa::neon) : static_cast<int>(Isa::avx2);
  for (int i = first; i <= static_cast<int>(top); ++i) m |= 1u << i;
  return m;
}

}  // namespace hone
