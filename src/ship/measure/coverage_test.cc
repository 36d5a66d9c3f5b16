#include "ship/measure/coverage.h"

#include <gtest/gtest.h>

#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"

namespace hone::ship {
namespace {

constexpr IsaMask with_avx512 = up_to(Isa::avx512);

// Steps of 60, 30 and twice 5 us; control flow has no kernel and no share.
const std::vector<StepTime> steps = {{"unary_f32_portable", "Sin", 5},
                                     {"unary_f32_avx2", "Relu", 60},
                                     {"", "If", 1000},
                                     {"unary_f32_portable", "Cos", 5},
                                     {"unary_f32_portable", "Sin", 0},
                                     {"of_a_plugin", "Frobnicate", 30}};

TEST(Coverage, SumsByKernelLongestFirst) {
  Coverage c = cover(steps, with_avx512);
  ASSERT_EQ(c.kernels.size(), 3u);
  EXPECT_DOUBLE_EQ(c.us, 100);
  EXPECT_EQ(c.kernels[0].kernel, "unary_f32_avx2");
  EXPECT_EQ(c.kernels[0].isa, "avx2");
  EXPECT_FALSE(c.kernels[0].portable);
  EXPECT_EQ(c.kernels[1].isa, "custom");
  EXPECT_FALSE(c.kernels[1].portable);
  EXPECT_EQ(c.kernels[2].kernel, "unary_f32_portable");
  EXPECT_TRUE(c.kernels[2].portable);
  EXPECT_EQ(c.kernels[2].steps, 3);
  EXPECT_DOUBLE_EQ(c.kernels[2].share, 0.1);
  EXPECT_EQ(c.kernels[2].ops, (std::vector<std::string>{"Sin", "Cos"}));
  EXPECT_DOUBLE_EQ(c.portable_share, 0.1);
}

TEST(Coverage, PortableIsAllThatAPlainMachineHas) {
  Coverage c = cover(steps, mask(Isa::portable));
  EXPECT_FALSE(c.machine_has_better);
  EXPECT_EQ(c.portable_share, 0);
}

TEST(Coverage, NoStepsNoShare) {
  Coverage c = cover({}, with_avx512);
  EXPECT_EQ(c.us, 0);
  EXPECT_EQ(c.portable_share, 0);
  EXPECT_TRUE(to_json(c)["kernels"].empty());
}

// Sin has no vector form, Relu has: both appear, with time that was measured.
TEST(Coverage, TimesTheStepsOfAnEngine) {
  auto graph = graph::parse_text(R"(graph "net" opset {"" 17}
in %x f32[batch,4096]
%s f32[batch,4096] = Sin(%x) "sin"
%y f32[batch,4096] = Sqrt(%s) "root"
out %y as "y"
)");
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto bytes =
      std::make_shared<const std::vector<std::byte>>(engine::compile(std::move(*graph), o)->bytes);
  auto session = Session::open(bytes, 1);
  ASSERT_TRUE(session.ok());
  auto timed = time_steps(*session, {{8, 4096}}, 20);
  ASSERT_TRUE(timed.ok()) << timed.status().text();
  double all = 0;
  for (const StepTime& s : *timed) all += s.us;
  // No processor does 33 sines in a nanosecond (the best vector unit seen needs 8.5 us for these
  // 32,768), and none takes a second.
  EXPECT_GT(all, 1);
  EXPECT_LT(all, 1e6);
  EXPECT_FALSE(time_steps(*session, {{8, 5}}, 20).ok());
}

}  // namespace
}  // namespace hone::ship
