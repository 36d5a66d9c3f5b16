// Activations as kernels apply them, over the whole range of floats: gemm with K = N = 1 and b = 1
// is y = act(a).
#include <gtest/gtest.h>

#include "device/kernels/gemm/gemm.h"
#include "device/kernels/testing/kernel_test_util.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels::testing {
namespace {

std::vector<float> arguments() {
  constexpr float inf = INFINITY;
  std::vector<float> x = {0.0f,     -0.0f,  1.0f,    -1.0f,   inf,   -inf,   NAN,   3.4e38f,
                          -3.4e38f, 1e-38f, -1e-38f, 1e-44f,  1e-7f, -1e-7f, 88.0f, -88.0f,
                          88.8f,    -88.8f, 104.0f,  -104.0f, 1e10f, -1e10f};
  for (float v = -20; v <= 20; v += 0.00719f) x.push_back(v);
  for (float v = 1e-6f; v < 1e30f; v *= 3.7f) x.push_back(v), x.push_back(-v);
  return x;
}

TEST(Activations, WholeRangeOfFloats) {
  std::vector<float> x = arguments();
  int64_t m = static_cast<int64_t>(x.size());
  for (int i = 0; i < act_count; ++i) {
    Act act = static_cast<Act>(i);
    float a = act == Act::clip ? -0.5f : act == Act::silu ? 1.702f : 0.3f, b = 2.5f;
    TestStep s;
    s.attrs = words(GemmAttrs{0, 0, 1.0f, act, a, b});
    s.in = {tensor(DType::f32, {m, 1}), constant(tensor(DType::f32, {1, 1})), {}, {}};
    s.out = {tensor(DType::f32, {m, 1})};
    fill<float>(s.in[0], [&](int64_t k) { return x[static_cast<size_t>(k)]; });
    s.in[1].at<float>(0) = 1;
    std::vector<double> want;
    for (float v : x) {
      want.push_back(static_cast<double>(static_cast<float>(reference_act(act, double{v}, a, b))));
    }
    for (const Kernel* k : kernels_of("gemm")) {
      if (std::string_view(k->name) == "gemm_any_portable") continue;  // of types without f32's
      Outcome r = run_kernel(*k, s);
      ASSERT_EQ(r.refused, nullptr) << k->name << ": " << r.refused;
      EXPECT_EQ(r.problem, "");
      // Absolute part: far out in a tail the rounding of x^2 is all there is, and at the kinks of
      // the hard functions the difference of two rounded numbers.
      double absolute = act == Act::hard_sigmoid || act == Act::hard_swish ? 4e-7 : 1e-9;
      auto tolerance = [&](size_t at) { return 2e-6 * std::fabs(want[at]) + absolute; };
      EXPECT_EQ(differs(s.out[0], want, tolerance), "") << k->name << ", " << name(act);
    }
  }
}

}  // namespace
}  // namespace hone::kernels::testing
