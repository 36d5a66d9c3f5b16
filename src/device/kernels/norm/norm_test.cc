#include "device/kernels/norm/norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct NormCase {
  Shape x;  // [outer, rows, groups, size]
  bool centre = true, scale = true, bias = true, moments = false;
  float epsilon = 1e-5f;
  float offset = 0;  // added to x: a mean far from 0
};

TestStep step_of(Rng& rng, const NormCase& k) {
  const int64_t channels = k.x[2] * k.x[3];
  TestStep s;
  s.attrs = words(NormAttrs{k.centre, k.epsilon});
  s.in = {random_tensor(rng, k.x, 0, k.offset - 2, k.offset + 2)};
  s.in.push_back(k.scale ? random_tensor(rng, {channels}) : Tensor{});
  if (k.bias) s.in.push_back(random_tensor(rng, {channels}));
  s.out = {tensor(DType::f32, k.x)};
  if (k.moments) {
    s.out.push_back(tensor(DType::f32, {k.x[0], k.x[2]}));
    s.out.push_back(tensor(DType::f32, {k.x[0], k.x[2]}));
  }
  return s;
}

struct Want {
  std::vector<double> y, mean, factor;
};
Want reference(const NormCase& k, const TestStep& s) {
  const int64_t rows = k.x[1], groups = k.x[2], size = k.x[3];
  Want w;
  w.y.resize(static_cast<size_t>(k.x.count()));
  for (int64_t o = 0; o < k.x[0]; ++o) {
    for (int64_t g = 0; g < groups; ++g) {
      auto at = [&](int64_t i) { return ((o * rows + i / size) * groups + g) * size + i % size; };
      const int64_t n = rows * size;
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < n; ++i) sum += get(s.in[0], at(i));
      const double mean = k.centre ? sum / static_cast<double>(n) : 0;
      for (int64_t i = 0; i < n; ++i) squares += std::pow(get(s.in[0], at(i)) - mean, 2);
      const double factor =
          1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(k.epsilon));
      w.mean.push_back(mean), w.factor.push_back(factor);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t c = g * size + i % size;
        double v = (get(s.in[0], at(i)) - mean) * factor;
        if (k.scale) v *= get(s.in[1], c);
        w.y[static_cast<size_t>(at(i))] = v + (k.bias ? get(s.in[2], c) : 0);
      }
    }
  }
  return w;
}

void check(Rng& rng, const NormCase& k) {
  TestStep s = step_of(rng, k);
  Want want = reference(k, s);
  // A result is some roundings away, each relative to values of up to about 50.
  auto tol = [&](size_t i) { return 2e-6 + 5e-7 * std::fabs(want.y[i]); };
  auto mean_tol = [&](size_t i) { return 1e-7 + 1e-7 * std::fabs(want.mean[i]); };
  for (const Kernel* kernel : kernels_of("norm")) {
    Outcome o = run_kernel(*kernel, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    EXPECT_EQ(differs(s.out[0], want.y, tol), "") << kernel->name << text(k.x);
    if (!k.moments) continue;
    EXPECT_EQ(differs(s.out[1], want.mean, mean_tol), "") << kernel->name << text(k.x);
    EXPECT_EQ(differs(s.out[2], want.factor, [&](size_t i) { return 1e-5 * want.factor[i]; }), "")
        << kernel->name << text(k.x);
  }
}

TEST(Norm, LayersAndRms) {
  Rng rng(1);
  for (int64_t size : {1, 2, 7, 8, 15, 16, 17, 31, 64, 100, 192, 384, 1023, 4099}) {
    for (int64_t outer : {1, 3, 50}) {
      check(rng, {.x = {outer, 1, 1, size}, .epsilon = 1e-3f});
      check(rng, {.x = {outer, 1, 1, size}, .centre = false, .bias = false, .epsilon = 1e-3f});
    }
  }
}

TEST(Norm, GroupsAndInstances) {
  Rng rng(2);
  for (int64_t rows : {2, 5, 33, 49, 400}) {
    for (const Shape& x : {Shape{1, rows, 1, 3}, Shape{2, rows, 7, 1}, Shape{1, rows, 130, 1},
                           Shape{2, rows, 4, 5}, Shape{1, rows, 3, 70}, Shape{1, rows, 32, 8},
                           Shape{1, rows, 2, 64}, Shape{1, rows, 1, 200}}) {
      check(rng, {.x = x, .moments = true, .epsilon = 1e-3f});
      check(rng, {.x = x, .scale = false, .bias = false});
      check(rng, {.x = x, .centre = false, .scale = false, .epsilon = 1e-2f});
    }
  }
  for (bool moments : {false, true}) check(rng, {.x = {3, 1, 5, 77}, .moments = moments});
}

TEST(Norm, MeansFarFromZeroAndRealSizes) {
  Rng rng(3);
  check(rng, {.x = {5, 1, 1, 768}, .offset = 1000});
  check(rng, {.x = {1, 300, 8, 8}, .offset = -1000});
  check(rng, {.x = {197, 1, 1, 192}});
  check(rng, {.x = {1, 3136, 32, 2}});
}

TEST(Norm, InPlaceAndNaN) {
  Rng rng(4);
  for (const Shape& x : {Shape{9, 1, 1, 77}, Shape{2, 9, 3, 5}}) {
    NormCase k{.x = x};
    TestStep s = step_of(rng, k);
    std::vector<double> want = reference(k, s).y;
    Tensor before = clone(s.in[0]);
    s.out[0] = s.in[0];
    for (const Kernel* kernel : kernels_of("norm")) {
      std::memcpy(s.in[0].data<char>(), before.data<char>(),
                  static_cast<size_t>(before.memory->bytes()));
      EXPECT_EQ(run_kernel(*kernel, s).problem, "");
      EXPECT_EQ(differs(s.out[0], want, 3e-6), "") << kernel->name;
    }
  }
  TestStep s = step_of(rng, {.x = {2, 1, 1, 20}});
  s.in[0].at<float>(3) = NAN;
  for (const Kernel* kernel : kernels_of("norm")) {
    EXPECT_EQ(run_kernel(*kernel, s).problem, "");
    for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(std::isnan(get(s.out[0], i)), i < 20);
  }
}

TEST(Norm, HostileSteps) {
  Rng rng(5);
  EXPECT_EQ(try_hostile_steps("norm",
                              {step_of(rng, {.x = {3, 1, 1, 33}}),
                               step_of(rng, {.x = {2, 7, 3, 5}, .moments = true}),
                               step_of(rng, {.x = {1, 4, 1, 90}, .bias = false})},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
