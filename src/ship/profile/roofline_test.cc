#include "ship/profile/roofline.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

// 100 GFLOP/s, 400 Gop/s of bytes; 200 GB/s from 1 MB of cache, 10 from memory.
MachinePeaks machine() {
  MachinePeaks m;
  m.fma_gflops = 100;
  m.int8_gops = 400;
  m.levels = {{"L2", 1 << 20, 1 << 19, 200}, {"memory", 0, 1 << 26, 10}};
  return m;
}

Work work(double flops, double weights, double values) {
  Work w;
  w.flops = flops;
  w.weight_bytes = weights;
  w.value_bytes = values;
  return w;
}

TEST(Roofline, ComputeBound) {
  // 1e6 operations at 1e5 a microsecond take 10; 2e4 bytes from the cache 0.1.
  const auto r = roofline(work(1e6, 1e4, 1e4), 20, machine(), 1e5);
  ASSERT_TRUE(r);
  EXPECT_TRUE(r->compute);
  EXPECT_DOUBLE_EQ(r->least_us, 10);
  EXPECT_DOUBLE_EQ(r->share, 0.5);
}

TEST(Roofline, WeightsOfALargeModelComeFromMemory) {
  // 1e6 bytes at 1e4 a microsecond: 100, whatever the layer's own size.
  const auto r = roofline(work(1e6, 1e6, 1e4), 200, machine(), 1e8);
  ASSERT_TRUE(r);
  EXPECT_FALSE(r->compute);
  EXPECT_EQ(r->level, "memory");
  EXPECT_NEAR(r->least_us, 100.05, 1e-9);
  // Of a small one they stay in the cache: 5 us, less than the operations.
  EXPECT_TRUE(roofline(work(1e6, 1e6, 1e4), 200, machine(), 1.1e6 - 1e5)->compute);
}

TEST(Roofline, ValuesComeFromWhereTheLayerFits) {
  EXPECT_DOUBLE_EQ(roofline(work(0, 0, 1e6), 10, machine(), 1e9)->least_us, 5);
  EXPECT_DOUBLE_EQ(roofline(work(0, 0, 2e6), 10, machine(), 1e9)->least_us, 200);
}

TEST(Roofline, BytesHaveTheirOwnPeak) {
  Work w = work(4e6, 0, 0);
  w.integers = true;
  EXPECT_DOUBLE_EQ(roofline(w, 20, machine(), 0)->least_us, 10);
}

TEST(Roofline, UnknownIsNotZero) {
  EXPECT_FALSE(roofline(work(1, 1, 1), 0, machine(), 1));
  EXPECT_FALSE(roofline(Work(), 10, machine(), 1));
  Work no_flops = work(1, 1, 1);
  no_flops.flops.reset();
  EXPECT_FALSE(roofline(no_flops, 10, machine(), 1));
  EXPECT_FALSE(roofline(work(1, 1, 1), 10, MachinePeaks(), 1));
  EXPECT_TRUE(to_json(std::optional<Roofline>()).is_null());
}

}  // namespace
}  // namespace hone::ship
