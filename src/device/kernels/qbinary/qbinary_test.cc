#include "device/kernels/qbinary/qbinary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels::testing {
namespace {

Tensor bytes(Rng& rng, DType t, const Shape& shape, int gap = 0) {
  Tensor x = tensor(t, shape, gap);
  const int least = t == DType::u8 ? 0 : -128;
  for (int64_t i = 0; i < x.count(); ++i) set(x, i, random_int(rng, least, least + 255));
  return x;
}

struct Types {
  DType a, b, y;
};

TestStep step_of(Rng& rng, QBinary op, const Types& t, const Shape& a, const Shape& b,
                 const Shape& y, bool zero_first, int gap = 0) {
  auto zero = [&](DType type) { return random_int(rng, 0, 127) - (type == DType::i8 ? 64 : 0); };
  const int least = t.y == DType::u8 ? 0 : -128;
  TestStep s;
  // The scales of a half and a quarter make ties.
  const QBinaryAttrs attrs = {op,
                              zero_first,
                              zero(t.a),
                              zero(t.b),
                              zero(t.y),
                              least + random_int(rng, 0, 40),
                              least + 255 - random_int(rng, 0, 40),
                              0.25f,
                              random_int(rng, 0, 1) ? 0.25f : 0.0371f,
                              random_int(rng, 0, 1) ? 0.5f : 0.113f};
  s.attrs = words(attrs);
  s.in = {bytes(rng, t.a, a, a == y ? gap : 0), bytes(rng, t.b, b, b == y ? gap : 0)};
  s.out = {tensor(t.y, y, gap)};
  return s;
}

int64_t broadcast(const Shape& from, const Shape& y, int64_t i) {
  const auto at = index_of(y, i);
  std::vector<int64_t> own;
  for (int d = 0; d < from.rank(); ++d) {
    own.push_back(from[d] == 1 ? 0 : at[static_cast<size_t>(d + y.rank() - from.rank())]);
  }
  return position_of(from, own);
}

double want(const TestStep& s, int64_t i) {
  QBinaryAttrs t;
  std::copy(s.attrs.begin(), s.attrs.end(), reinterpret_cast<int32_t*>(&t));
  const Shape& y = s.out[0].op.shape;
  const double qa = get(s.in[0], broadcast(s.in[0].op.shape, y, i));
  const double qb = get(s.in[1], broadcast(s.in[1].op.shape, y, i));
  const float a = static_cast<float>(qa - t.a_zero) * t.a_scale;
  const float b = static_cast<float>(qb - t.b_zero) * t.b_scale;
  const float f = t.op == QBinary::add ? a + b : t.op == QBinary::sub ? a - b : a * b;
  const float v = f / t.y_scale, zero = static_cast<float>(t.y_zero);
  const float q = t.zero_first ? std::nearbyint(v + zero) : std::nearbyint(v) + zero;
  return std::clamp<double>(static_cast<double>(q), t.lowest, t.highest);
}

TEST(QBinary, EveryKernelAgainstTheDefinition) {
  Rng rng(1);
  const DType u = DType::u8, i8 = DType::i8;
  const std::vector<std::array<Shape, 3>> shapes = {
      {Shape{1}, Shape{1}, Shape{1}},
      {Shape{2, 3, 64}, Shape{2, 3, 64}, Shape{2, 3, 64}},
      {Shape{1, 5, 7, 33}, Shape{1, 1, 1, 33}, Shape{1, 5, 7, 33}},
      {Shape{3, 17}, Shape{3, 1}, Shape{3, 17}},
      {Shape{17}, Shape{4, 3, 17}, Shape{4, 3, 17}},
      {Shape{}, Shape{2, 5000}, Shape{2, 5000}},
      {Shape{0, 4}, Shape{4}, Shape{0, 4}}};
  for (const auto& [a, b, y] : shapes) {
    for (const Types& t : {Types{u, u, u}, Types{i8, i8, i8}, Types{u, i8, i8}}) {
      for (QBinary op : {QBinary::add, QBinary::sub, QBinary::mul}) {
        for (int gap : {0, 5}) {
          const TestStep s = step_of(rng, op, t, a, b, y, gap == 5, gap);
          bool ran = false;
          for (const Kernel* k : kernels_of("qbinary")) {
            const Outcome o = run_kernel(*k, s);
            if (o.refused != nullptr && k->isa != Isa::portable) continue;
            ASSERT_EQ(o.refused, nullptr) << o.refused;
            EXPECT_EQ(o.problem, "") << k->name;
            ran = true;
            for (int64_t i = 0; i < s.out[0].count(); ++i) {
              ASSERT_EQ(get(s.out[0], i), want(s, i)) << k->name << " " << i;
            }
          }
          EXPECT_TRUE(ran);
        }
      }
    }
  }
}

TEST(QBinary, HostileSteps) {
  Rng rng(2);
  const Types u8 = {DType::u8, DType::u8, DType::u8};
  EXPECT_EQ(
      try_hostile_steps("qbinary",
                        {step_of(rng, QBinary::add, u8, {3, 5, 7}, {3, 5, 7}, {3, 5, 7}, false, 2),
                         step_of(rng, QBinary::mul, u8, {4, 70}, {1, 70}, {4, 70}, true)},
                        20000),
      "");
}

}  // namespace
}  // namespace hone::kernels::testing
