#include "device/kernels/pad/pad.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, PadMode mode, DType t, const Shape& x, const std::vector<int64_t>& pads,
                 bool value) {
  Shape y = x;
  for (int i = 0; i < x.rank(); ++i) {
    y[i] += pads[static_cast<size_t>(i)] + pads[static_cast<size_t>(i + x.rank())];
  }
  TestStep s;
  s.attrs = words(PadAttrs{mode});
  s.in = {random_bytes(rng, t, x), value ? random_bytes(rng, t, {}) : Tensor{}};
  s.out = {tensor(t, y)};
  s.dims = pads;
  return s;
}

// Index in a dimension of n that index i (maybe outside) shows; -1: padding.
int64_t reference(PadMode mode, int64_t i, int64_t n) {
  if (mode == PadMode::constant) return i >= 0 && i < n ? i : -1;
  if (mode == PadMode::edge) return std::clamp<int64_t>(i, 0, n - 1);
  if (mode == PadMode::wrap) return ((i % n) + n) % n;
  while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
  return n == 1 ? 0 : i;
}

void check(const TestStep& s, PadMode mode) {
  const Tensor &x = s.in[0], &y = s.out[0];
  size_t width = static_cast<size_t>(bits(x.op.dtype) / 8);
  for (const Kernel* k : kernels_of("pad")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      auto at = index_of(y.op.shape, i);
      bool outside = false;
      for (int d = 0; d < x.op.shape.rank(); ++d) {
        auto& j = at[static_cast<size_t>(d)];
        j = reference(mode, j - s.dims[static_cast<size_t>(d)], x.op.shape[d]);
        outside |= j < 0;
      }
      const char zeros[16] = {};
      const char* want =
          outside ? (s.in[1].op.present() ? s.in[1].data<char>() : zeros)
                  : x.data<char>() + static_cast<size_t>(position_of(x.op.shape, at)) * width;
      ASSERT_EQ(std::memcmp(y.data<char>() + static_cast<size_t>(i) * width, want, width), 0)
          << k->name << " mode " << static_cast<int>(mode) << " " << text(x.op.shape) << " element "
          << i;
    }
  }
}

TEST(Pad, ModesAndTypes) {
  Rng rng(1);
  struct Case {
    Shape x;
    std::vector<int64_t> pads;
  };
  const Case cases[] = {{{5}, {2, 3}},
                        {{5}, {11, 13}},
                        {{1}, {4, 4}},
                        {{7}, {-2, 3}},
                        {{7}, {-3, -4}},
                        {{7}, {-9, 5}},
                        {{4, 5}, {1, 0, 0, 2}},
                        {{4, 5}, {0, 0, 0, 0}},
                        {{9, 28}, {0, 0, 0, 4}},
                        {{9, 11}, {0, 2, 0, 3}},
                        {{9, 5}, {0, 1, 0, 0}},
                        {{9, 40}, {0, -3, 0, 9}},
                        {{9, 7}, {0, 9, 0, -8}},
                        {{2, 3, 4, 5}, {0, 0, 1, 0, 0, 0, 2, 0}},
                        {{2, 6, 5, 3}, {0, 1, 2, 0, 0, 1, 2, 0}},
                        {{2, 3, 6, 5}, {0, 0, 1, 2, 0, 0, 3, 0}},
                        {{3, 4, 5}, {1, -1, 2, 0, 3, -2}},
                        {{3, 9001}, {1, 0, 1, 0}},
                        {{2, 3, 2, 3}, {0, 0, 1, 0, 0, 0, 0, 0}}};
  for (int mode = 0; mode < 4; ++mode) {
    for (DType t : {DType::f32, DType::u8, DType::i64, DType::f16}) {
      for (const Case& c : cases) {
        auto m = static_cast<PadMode>(mode);
        check(step_of(rng, m, t, c.x, c.pads, false), m);
        if (mode == 0) check(step_of(rng, m, t, c.x, c.pads, true), m);
      }
    }
  }
  check(step_of(rng, PadMode::constant, DType::f32, {0, 3}, {1, 1, 2, 0}, true), PadMode::constant);
}

TEST(Pad, NothingToRepeat) {
  Rng rng(2);
  TestStep s = step_of(rng, PadMode::edge, DType::f32, {0, 3}, {1, 0, 0, 0}, false);
  for (const Kernel* k : kernels_of("pad")) EXPECT_NE(run_kernel(*k, s).refused, nullptr);
}

TEST(Pad, HostileSteps) {
  Rng rng(3);
  std::vector<TestStep> seeds;
  for (int mode = 0; mode < 4; ++mode) {
    seeds.push_back(step_of(rng, static_cast<PadMode>(mode), DType::f32, {3, 4, 5},
                            {1, -1, 2, 0, 3, -2}, mode == 0));
  }
  EXPECT_EQ(try_hostile_steps("pad", seeds, 40000), "");
}

}  // namespace
}  // namespace hone::kernels
