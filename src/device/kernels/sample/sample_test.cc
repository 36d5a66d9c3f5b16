#include "device/kernels/sample/sample.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, const SampleAttrs& a, const Shape& x, int64_t points, int64_t axes) {
  TestStep s;
  s.attrs = words(a);
  s.in = {random_tensor(rng, x), random_tensor(rng, {x[0], points, axes})};
  s.out = {tensor(DType::f32, {x[0], points, x[4]})};
  return s;
}

// A grid of the pixels' own places gives x back, whatever the mode and the padding.
TEST(Sample, ItsOwnPlacesGiveThePicture) {
  Rng rng(1);
  const int64_t h = 5, w = 7, c = 19;
  for (int mode = 0; mode < 3; ++mode) {
    for (int padding = 0; padding < 3; ++padding) {
      for (int align = 0; align < 2; ++align) {
        TestStep s = step_of(
            rng, {static_cast<SampleMode>(mode), static_cast<SamplePadding>(padding), align},
            {1, 1, h, w, c}, h * w, 2);
        auto place = [&](int64_t i, int64_t n) {
          const auto at = static_cast<double>(i), all = static_cast<double>(n);
          return static_cast<float>(align ? 2 * at / (all - 1) - 1 : (2 * at + 1) / all - 1);
        };
        fill<float>(s.in[1], [&](int64_t i) {
          return i % 2 == 0 ? place(i / 2 % w, w) : place(i / 2 / w, h);
        });
        std::vector<double> want;
        for (int64_t i = 0; i < s.in[0].count(); ++i) want.push_back(get(s.in[0], i));
        for (const Kernel* k : kernels_of("sample")) {
          Outcome o = run_kernel(*k, s);
          ASSERT_EQ(o.refused, nullptr) << o.refused;
          EXPECT_EQ(o.problem, "");
          EXPECT_EQ(differs(s.out[0], want, 1e-5), "") << k->name << " mode " << mode;
        }
      }
    }
  }
}

// Places that are no numbers, or beyond all integers, are padding or the border: in bounds.
TEST(Sample, PlacesFromAnywhere) {
  Rng rng(2);
  const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e20f, 0, 1};
  for (int mode = 0; mode < 3; ++mode) {
    for (int padding = 0; padding < 3; ++padding) {
      TestStep s = step_of(
          rng, {static_cast<SampleMode>(mode), static_cast<SamplePadding>(padding), mode & 1},
          {2, 1, 3, 4, 5}, 64, 2);
      fill<float>(s.in[1], [&](int64_t i) { return odd[(i % 2 == 0 ? i / 2 : i / 16) % 8]; });
      for (const Kernel* k : kernels_of("sample")) {
        Outcome o = run_kernel(*k, s);
        ASSERT_EQ(o.refused, nullptr) << o.refused;
        EXPECT_EQ(o.problem, "") << k->name;
      }
    }
  }
}

TEST(Sample, HostileSteps) {
  Rng rng(3);
  const SampleAttrs cubic{SampleMode::cubic, SamplePadding::reflection, 0};
  const SampleAttrs linear{SampleMode::linear, SamplePadding::zeros, 1};
  EXPECT_EQ(try_hostile_steps("sample",
                              {step_of(rng, cubic, {2, 1, 3, 4, 5}, 7, 2),
                               step_of(rng, linear, {1, 2, 3, 4, 9}, 5, 3)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
