#include "device/platform/cpu.h"

#include <atomic>
#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hone::platform {
namespace {

#if defined(__x86_64__)

struct Regs {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Regs cpuid(unsigned leaf, unsigned subleaf) {
  Regs r;
  // Leaves a CPU does not know read as zero: no feature.
  if (__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d) == 0) return Regs();
  return r;
}

constexpr bool bit(uint64_t word, int i) { return ((word >> i) & 1) != 0; }
constexpr bool all_bits(uint64_t word, uint64_t wanted) { return (word & wanted) == wanted; }

// What the operating system saves and restores on a context switch (register XCR0).
uint64_t saved_state() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

// Linux gives the 8 KiB of tile registers only to processes that ask for them.
bool request_tile_registers() {
#if defined(__linux__)
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

IsaMask read_cpu() {
  constexpr uint64_t ymm_state = 0x6, zmm_state = 0xe6, tile_state = 0x60000;
  IsaMask set = mask(Isa::portable);
  const Regs l1 = cpuid(1, 0), l7 = cpuid(7, 0), l71 = cpuid(7, 1), e1 = cpuid(0x80000001, 0);
  if (!bit(l1.c, 27)) return set;  // no XGETBV: the system saves no vector registers
  const uint64_t saved = saved_state();

  const bool avx2 = all_bits(saved, ymm_state) && bit(l1.c, 12) && bit(l1.c, 28) && bit(l1.c, 29) &&
                    bit(l7.b, 3) && bit(l7.b, 5) && bit(l7.b, 8) && bit(e1.c, 5);
  if (!avx2) return set;
  set |= mask(Isa::avx2);
  if (bit(l71.a, 4)) set |= mask(Isa::avx_vnni);

  const bool avx512 = all_bits(saved, zmm_state) && bit(l7.b, 16) && bit(l7.b, 17) &&
                      bit(l7.b, 28) && bit(l7.b, 30) && bit(l7.b, 31);
  if (!avx512) return set;
  set |= mask(Isa::avx512);

  if (!bit(l7.c, 11)) return set;
  set |= mask(Isa::avx512_vnni);
  if (!bit(l71.a, 5)) return set;
  set |= mask(Isa::avx512_bf16);

  const bool amx = all_bits(saved, tile_state) && bit(l7.d, 22) && bit(l7.d, 24) && bit(l7.d, 25);
  if (amx && request_tile_registers()) set |= mask(Isa::amx);
  return set;
}

#elif defined(__aarch64__)

IsaMask read_cpu() {
  IsaMask set = mask(Isa::portable) | mask(Isa::neon);  // Advanced SIMD is part of AArch64
#if defined(__linux__)
  constexpr unsigned long dot_bit = 1ul << 20;          // HWCAP_ASIMDDP
  constexpr unsigned long i8mm_bit = 1ul << 13;         // HWCAP2_I8MM
  if ((getauxval(AT_HWCAP) & dot_bit) == 0) return set;
  set |= mask(Isa::neon_dot);
  if ((getauxval(AT_HWCAP2) & i8mm_bit) != 0) set |= mask(Isa::neon_i8mm);
#endif
  return set;
}

#else

IsaMask read_cpu() { return mask(Isa::portable); }

#endif

}  // namespace

IsaMask cpu_isa() {
  // 0 is not a possible answer. Two threads that race here compute the same one.
  static std::atomic<IsaMask> known{0};
  IsaMask set = known.load(std::memory_order_relaxed);
  if (set == 0) {
    set = read_cpu();
    known.store(set, std::memory_order_relaxed);
  }
  return set;
}

device::Result<IsaMask> restrict_isa(IsaMask cpu, const char* forced) {
  if (forced == nullptr || forced[0] == 0) return cpu;
  Isa level;
  if (!parse(forced, &level)) {
    FixedText text("HONE_FORCE_ISA=");
    text << forced << ": no such instruction set; this CPU has ";
    append_isa_names(cpu, &text);
    return device::error(Code::invalid_argument, text);
  }
  if (!has(cpu, level)) {
    FixedText text("HONE_FORCE_ISA=");
    text << forced << ": this CPU lacks it; it has ";
    append_isa_names(cpu, &text);
    return device::error(Code::isa_missing, text);
  }
  return cpu & up_to(level);
}

device::Result<IsaMask> usable_isa() { return restrict_isa(cpu_isa(), getenv("HONE_FORCE_ISA")); }

void append_isa_names(IsaMask set, FixedText* text) {
  bool first = true;
  for (int i = 0; i < isa_count; ++i) {
    if (!has(set, static_cast<Isa>(i))) continue;
    *text << (first ? "" : ", ") << name(static_cast<Isa>(i));
    first = false;
  }
}

}  // namespace hone::platform
