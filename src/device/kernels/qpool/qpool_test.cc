#include "device/kernels/qpool/qpool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels::testing {
namespace {

struct PoolCase {
  Pool kind = Pool::average;
  DType t = DType::u8;
  bool global = false, extreme = false;
  int h = 5, w = 7, c = 17, k = 2, stride = 2, pad = 0, gap = 0, count_pad = 0;
};

TestStep step_of(Rng& rng, const PoolCase& p) {
  auto out = [&](int size) { return p.global ? 1 : (size + 2 * p.pad - p.k) / p.stride + 1; };
  TestStep s;
  const int least = p.t == DType::u8 ? 0 : -128;
  const PoolAttrs pool = {p.kind, p.global, p.k,   p.k,   p.stride, p.stride,   1,
                          1,      p.pad,    p.pad, p.pad, p.pad,    p.count_pad};
  // Equal scales: means of halves are ties.
  s.attrs = words(QPoolAttrs{pool, least + random_int(rng, 0, 255), least + random_int(rng, 0, 255),
                             random_int(rng, 0, 1) ? 1.0f : 0.37f});
  s.in = {tensor(p.t, {2, p.h, p.w, p.c}, p.gap)};
  for (int64_t i = 0; i < s.in[0].count(); ++i) {
    set(s.in[0], i, least + (p.extreme ? 255 : random_int(rng, 0, 255)));
  }
  s.out = {tensor(p.t, {2, out(p.h), out(p.w), p.c}, p.gap)};
  return s;
}

double want(const TestStep& s, int64_t i) {
  QPoolAttrs a;
  std::copy(s.attrs.begin(), s.attrs.end(), reinterpret_cast<int32_t*>(&a));
  const PoolAttrs& p = a.pool;
  const Tensor& x = s.in[0];
  const auto at = index_of(s.out[0].op.shape, i);
  const int64_t h = x.op.shape[1], w = x.op.shape[2];
  const int64_t kh = p.global ? h : p.kernel_h, kw = p.global ? w : p.kernel_w;
  int64_t sum = 0, inside = 0;
  double most = -1000;
  for (int64_t ky = 0; ky < kh; ++ky) {
    for (int64_t kx = 0; kx < kw; ++kx) {
      const int64_t iy = p.global ? ky : at[1] * p.stride_h - p.pad_t + ky;
      const int64_t ix = p.global ? kx : at[2] * p.stride_w - p.pad_l + kx;
      if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
      const int64_t v = get_int(x, position_of(x.op.shape, {at[0], iy, ix, at[3]}));
      sum += v - a.x_zero;
      ++inside;
      most = std::max(most, static_cast<double>(v));
    }
  }
  if (p.kind == Pool::max) return most;
  const int64_t divisor = p.count_include_pad && !p.global ? kh * kw : inside;
  const float mean = static_cast<float>(sum) / static_cast<float>(divisor);
  const double q = static_cast<double>(std::nearbyint(mean * a.ratio)) + a.y_zero;
  const double least = s.out[0].op.dtype == DType::u8 ? 0 : -128;
  return std::clamp(q, least, least + 255);
}

void check(const TestStep& s) {
  for (const Kernel* k : kernels_of("qpool")) {
    const Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "") << k->name;
    for (int64_t i = 0; i < s.out[0].count(); ++i) {
      ASSERT_EQ(get(s.out[0], i), want(s, i)) << k->name << " " << i;
    }
  }
}

TEST(QPool, EveryKernelAgainstTheDefinition) {
  Rng rng(1);
  for (Pool kind : {Pool::max, Pool::average}) {
    for (DType t : {DType::u8, DType::i8}) {
      for (int c : {1, 8, 16, 17, 70}) {
        check(step_of(rng, {.kind = kind, .t = t, .c = c}));
        check(
            step_of(rng, {.kind = kind, .t = t, .c = c, .k = 3, .stride = 1, .pad = 1, .gap = 3}));
        check(step_of(rng, {.kind = kind, .t = t, .c = c, .k = 3, .pad = 1, .count_pad = 1}));
        check(step_of(rng, {.kind = kind, .t = t, .global = true, .c = c, .gap = 5}));
        check(step_of(
            rng,
            {.kind = kind, .t = t, .global = true, .extreme = true, .h = 90, .w = 90, .c = c}));
      }
    }
  }
}

TEST(QPool, SumsThatFloatsCannotHold) {
  Rng rng(3);
  TestStep s = step_of(rng, {.global = true, .extreme = true, .h = 300, .w = 300, .c = 3});
  for (const Kernel* k : kernels_of("qpool")) {
    const Outcome o = run_kernel(*k, s);
    EXPECT_EQ(o.refused == nullptr, k->isa == Isa::portable) << k->name;
    if (o.refused != nullptr) continue;
    for (int64_t i = 0; i < s.out[0].count(); ++i) ASSERT_EQ(get(s.out[0], i), want(s, i));
  }
}

TEST(QPool, HostileSteps) {
  Rng rng(2);
  EXPECT_EQ(
      try_hostile_steps("qpool",
                        {step_of(rng, {}), step_of(rng, {.kind = Pool::max, .pad = 1, .gap = 3}),
                         step_of(rng, {.t = DType::i8, .global = true})},
                        20000),
      "");
}

}  // namespace
}  // namespace hone::kernels::testing
