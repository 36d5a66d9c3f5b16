#include "device/kernels/col2im/col2im.h"

#include <gtest/gtest.h>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct Col2imCase {
  Shape x;  // [N, H, W, KH, KW, C]
  int64_t oh, ow;
  Col2imAttrs attrs{1, 1, 1, 1, 0, 0};
  bool bias = true;
};

TestStep step_of(Rng& rng, const Col2imCase& k) {
  TestStep s;
  s.attrs = words(k.attrs);
  s.in = {random_tensor(rng, k.x)};
  if (k.bias) s.in.push_back(random_tensor(rng, {k.x[5]}));
  s.out = {tensor(DType::f32, {k.x[0], k.oh, k.ow, k.x[5]})};
  return s;
}

// Scatters, where the kernels gather.
std::vector<double> reference(const Col2imCase& k, const TestStep& s) {
  const Shape& y = s.out[0].op.shape;
  std::vector<double> want(static_cast<size_t>(y.count()));
  for (size_t i = 0; k.bias && i < want.size(); ++i) {
    want[i] = get(s.in[1], static_cast<int64_t>(i) % k.x[5]);
  }
  for (int64_t i = 0; i < s.in[0].count(); ++i) {
    auto at = index_of(k.x, i);
    const int64_t oy = at[1] * k.attrs.stride_h + at[3] * k.attrs.dilation_h - k.attrs.pad_t;
    const int64_t ox = at[2] * k.attrs.stride_w + at[4] * k.attrs.dilation_w - k.attrs.pad_l;
    if (oy < 0 || oy >= k.oh || ox < 0 || ox >= k.ow) continue;
    want[static_cast<size_t>(position_of(y, {at[0], oy, ox, at[5]}))] += get(s.in[0], i);
  }
  return want;
}

void check(Rng& rng, const Col2imCase& k) {
  TestStep s = step_of(rng, k);
  std::vector<double> want = reference(k, s);
  for (const Kernel* kernel : kernels_of("col2im")) {
    Outcome o = run_kernel(*kernel, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    EXPECT_EQ(differs(s.out[0], want, 3e-6), "") << kernel->name << text(k.x);
  }
}

TEST(Col2im, GeneratedShapes) {
  Rng rng(1);
  for (int i = 0; i < 300; ++i) {
    Col2imCase k;
    k.x = {random_int(rng, 1, 2), random_int(rng, 1, 6), random_int(rng, 1, 6),
           random_int(rng, 1, 4), random_int(rng, 1, 4), random_int(rng, 1, 40)};
    k.oh = random_int(rng, 1, 14), k.ow = random_int(rng, 1, 14);
    k.attrs = {random_int(rng, 1, 3), random_int(rng, 1, 3), random_int(rng, 1, 2),
               random_int(rng, 1, 2), random_int(rng, 0, 2), random_int(rng, 0, 2)};
    k.bias = random_int(rng, 0, 1);
    check(rng, k);
  }
  check(rng, {{1, 16, 16, 2, 2, 24}, 32, 32, {2, 2, 1, 1, 0, 0}, true});
  check(rng, {{2, 3, 5, 3, 2, 1}, 9, 10, {3, 2, 1, 1, 0, 0}, true});
  check(rng, {{2, 3, 5, 3, 2, 5}, 9, 10, {3, 2, 1, 1, 0, 0}, false});
}

TEST(Col2im, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(try_hostile_steps("col2im",
                              {step_of(rng, {{1, 3, 4, 3, 3, 5}, 6, 8, {2, 2, 1, 1, 1, 1}, true}),
                               step_of(rng, {{2, 3, 4, 2, 2, 9}, 5, 7, {1, 2, 2, 1, 0, 0}, false})},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
