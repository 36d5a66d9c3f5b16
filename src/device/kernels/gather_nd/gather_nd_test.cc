#include "device/kernels/gather_nd/gather_nd.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Rng& rng, DType t, const Shape& x, DType index_type, const Shape& index,
                 int batch) {
  TestStep s;
  s.attrs = words(GatherNdAttrs{batch});
  Tensor indices = tensor(index_type, index);
  for (int64_t i = 0; i < indices.count(); ++i) set(indices, i, random_int(rng, -7, 7));
  s.in = {random_bytes(rng, t, x), indices};
  Shape y;
  for (int i = 0; i + 1 < index.rank(); ++i) y.push(index[i]);
  for (int i = batch + static_cast<int>(index.back()); i < x.rank(); ++i) y.push(x[i]);
  s.out = {tensor(t, y)};
  return s;
}

void check(const TestStep& s, int batch) {
  const Tensor &x = s.in[0], &index = s.in[1], &y = s.out[0];
  const int64_t depth = index.op.shape.back();
  const int lead = index.op.shape.rank() - 1;
  for (const Kernel* k : kernels_of("gather_nd")) {
    Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < y.count(); ++i) {
      auto at = index_of(y.op.shape, i);
      std::vector<int64_t> from(at.begin(), at.begin() + batch),
          tuple(at.begin(), at.begin() + lead);
      tuple.push_back(0);
      for (int64_t d = 0; d < depth; ++d) {
        tuple.back() = d;
        const int64_t v = get_int(index, position_of(index.op.shape, tuple));
        const int64_t size = x.op.shape[batch + static_cast<int>(d)];
        from.push_back(std::clamp<int64_t>(v < 0 ? v + size : v, 0, size - 1));
      }
      from.insert(from.end(), at.begin() + lead, at.end());
      ASSERT_TRUE(same_bytes(y, i, x, position_of(x.op.shape, from))) << k->name << " " << i;
    }
  }
}

TEST(GatherNd, DepthsAndBatches) {
  Rng rng(1);
  struct Shapes {
    Shape x, index;
    int batch;
  };
  const Shapes all[] = {{{5}, {3, 1}, 0},          {{4, 6}, {2}, 0},
                        {{4, 6}, {3, 2, 1}, 0},    {{3, 4, 5}, {7, 3}, 0},
                        {{3, 4, 5}, {3, 6, 1}, 1}, {{3, 4, 5}, {3, 4, 1}, 2},
                        {{3, 4, 5}, {3, 2, 2}, 1}, {{3, 4, 5000}, {3, 2, 1}, 1},
                        {{3, 4}, {2, 0}, 0},       {{3, 4}, {0, 1}, 0}};
  for (const Shapes& c : all) {
    for (DType t : {DType::f32, DType::u8, DType::i64, DType::f16}) {
      check(step_of(rng, t, c.x, DType::i64, c.index, c.batch), c.batch);
      check(step_of(rng, t, c.x, DType::i32, c.index, c.batch), c.batch);
    }
  }
}

TEST(GatherNd, HostileSteps) {
  Rng rng(3);
  EXPECT_EQ(try_hostile_steps("gather_nd",
                              {step_of(rng, DType::f32, {3, 4, 5}, DType::i64, {3, 2, 1}, 1),
                               step_of(rng, DType::u8, {3, 4}, DType::i32, {5, 2}, 0)},
                              30000),
            "");
}

}  // namespace
}  // namespace hone::kernels
