#include "device/kernels/peak/peak.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "device/platform/clock.h"
#include "device/platform/cpu.h"

namespace hone::kernels {
namespace {

std::vector<Isa> levels() {
  std::vector<Isa> out = {Isa::portable};
  for (Isa isa : {Isa::avx2, Isa::avx512, Isa::avx512_vnni}) {
    if (has(platform::cpu_isa(), isa)) out.push_back(isa);
  }
  return out;
}

TEST(Peak, LevelsAreTakenFromTheSet) {
  EXPECT_EQ(peak_loops(mask(Isa::portable)).isa, Isa::portable);
  for (Isa isa : levels()) {
    const Isa widest = isa == Isa::avx512_vnni ? Isa::avx512 : isa;
    EXPECT_EQ(peak_loops(up_to(isa)).isa, widest) << name(isa);
  }
}

TEST(Peak, ReadAddsEveryFloatOnce) {
  alignas(64) float x[512];
  std::iota(std::begin(x), std::end(x), 1.0f);
  for (Isa isa : levels()) {
    const PeakLoops loops = peak_loops(up_to(isa));
    EXPECT_EQ(loops.read(x, 512), 512.0f * 513 / 2) << name(isa);  // below 2^24: exact
    EXPECT_EQ(loops.read(x, 128), 128.0f * 129 / 2) << name(isa);
    EXPECT_EQ(loops.read(x, 0), 0.0f) << name(isa);
  }
}

// A loop that the compiler saw through would seem to do any number of operations: what is done
// grows with the rounds, and no core of today does 64 vectors of work in a nanosecond.
TEST(Peak, TimeGrowsWithTheRounds) {
  for (Isa isa : levels()) {
    const PeakLoops loops = peak_loops(up_to(isa));
    for (auto loop : {loops.fma, loops.dot}) {
      constexpr int64_t rounds = 200'000;
      const uint64_t begin = platform::monotonic_ns();
      const double done = loop(rounds);
      const auto ns = static_cast<double>(platform::monotonic_ns() - begin);
      EXPECT_GT(done, 2.0 * rounds);
      EXPECT_LT(done / ns, 4096) << name(isa);
      EXPECT_GT(ns, rounds * 0.1) << name(isa);
    }
  }
}

}  // namespace
}  // namespace hone::kernels
