#include "ship/measure/overhead.h"

#include <gtest/gtest.h>

#include "ship/measure/testing/simulated.h"

namespace hone::ship {
namespace {

// Each look at the clock takes 30 ns, a sleep ends 40 us late.
class SlowClock : public testing::SimulatedTime {
 public:
  int64_t now_ns() override { return now += 30; }
};

TEST(Overhead, IsThatOfTheLoops) {
  SlowClock time;
  time.late = 40'000;
  const Overhead closed = measure_overhead(time, false);
  EXPECT_DOUBLE_EQ(closed.frame_us, 0.03);  // from one look to the next
  EXPECT_DOUBLE_EQ(closed.frame_p99_us, 0.03);
  EXPECT_GT(closed.between_us, 0);
  EXPECT_LT(closed.between_us, 0.3);
  EXPECT_FALSE(to_json(closed).contains("wake"));
  const Overhead paced = measure_overhead(time, true);
  EXPECT_NEAR(paced.wake_us, 40, 1);
  EXPECT_TRUE(to_json(paced).contains("wake_p99"));
}

}  // namespace
}  // namespace hone::ship
