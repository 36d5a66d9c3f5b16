#include "device/kernels/sizes/sizes.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

TestStep step_of(Sizes op, DType t, const std::vector<std::vector<int64_t>>& in,
                 std::vector<int64_t> dims, int64_t count, int32_t mode = 0) {
  TestStep s;
  for (const auto& values : in) {
    s.in.push_back(tensor(t, {static_cast<int64_t>(values.size())}));
    for (size_t i = 0; i < values.size(); ++i) {
      if (t == DType::i64) {
        s.in.back().at<int64_t>(static_cast<int64_t>(i)) = values[i];
      } else {
        set(s.in.back(), static_cast<int64_t>(i), static_cast<double>(values[i]));
      }
    }
  }
  s.out = {tensor(DType::i64, {count + 1})};
  const SizesAttrs a{op, mode};
  const auto words = as_words(a);
  s.attrs.assign(words.begin(), words.end());
  s.dims = std::move(dims);
  return s;
}

std::vector<int64_t> found(TestStep s) {
  std::vector<int64_t> numbers;
  for (const Kernel* k : kernels_of("sizes")) {
    const Outcome o = run_kernel(*k, s);
    EXPECT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    numbers.clear();
    for (int64_t i = 0; i < s.out[0].op.shape[0]; ++i) numbers.push_back(get_int(s.out[0], i));
  }
  return numbers;
}

// Size, size - first, size + 1 - width, forwards: of each axis.
TEST(Sizes, Slice) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  auto slice = [&](DType t, std::vector<std::vector<int64_t>> in) {
    return found(step_of(Sizes::slice, t, in, {20, 10}, 8));
  };
  using Numbers = std::vector<int64_t>;
  for (DType t : {DType::i32, DType::i64}) {
    EXPECT_EQ(slice(t, {{1, 2}, {7, 9}, {1, 0}, {2, 3}}), (Numbers{1, 3, 18, 18, 1, 3, 9, 9, 1}));
    // Backwards from the end to the beginning; a step wider than the axis takes one.
    EXPECT_EQ(slice(t, {{-1}, {-100}, {-1}, {-1}}), (Numbers{1, 20, 20, 20, 1, 10, 1, 10, 0}));
    EXPECT_EQ(slice(t, {{3}, {100}, {1}, {70}}), (Numbers{1, 20, 20, 20, 1, 1, 7, 10, 1}));
    EXPECT_EQ(slice(t, {{8}, {3}, {1}, {1}}), (Numbers{1, 20, 20, 20, 1, 0, 10, 10, 1}));
    // No such axis, one twice, a step of 0.
    for (const auto& in :
         std::vector<std::vector<std::vector<int64_t>>>{{{0}, {1}, {2}, {1}},
                                                        {{0}, {1}, {-3}, {1}},
                                                        {{0}, {1}, {0}, {0}},
                                                        {{0, 0}, {1, 1}, {1, -1}, {1, 1}}}) {
      EXPECT_EQ(slice(t, in), Numbers(9, 0));
    }
  }
  EXPECT_EQ(slice(DType::i64, {{INT64_MIN}, {most}, {0}, {most}}),
            (Numbers{1, 1, 20, 20, 1, 10, 10, 10, 1}));
  EXPECT_EQ(slice(DType::i64, {{most}, {INT64_MIN}, {0}, {INT64_MIN}}),
            (Numbers{1, 1, 1, 20, 1, 10, 10, 10, 1}));
}

TEST(Sizes, Range) {
  using Numbers = std::vector<int64_t>;
  auto range = [](DType t, int64_t a, int64_t b, int64_t d) {
    return found(step_of(Sizes::range, t, {{a}, {b}, {d}}, {}, 1));
  };
  for (DType t : {DType::f32, DType::f64, DType::i16, DType::i32, DType::i64}) {
    EXPECT_EQ(range(t, 1, 10, 4), (Numbers{1, 3}));
    EXPECT_EQ(range(t, 10, 1, -3), (Numbers{1, 3}));
    EXPECT_EQ(range(t, 10, 1, 1), (Numbers{1, 0}));
    EXPECT_EQ(range(t, 1, 10, 0), (Numbers{0, 0})) << name(t);
  }
  // A span beyond int64, and one that no memory holds.
  EXPECT_EQ(range(DType::i64, INT64_MIN, INT64_MAX, INT64_MAX), (Numbers{1, 3}));
  EXPECT_EQ(range(DType::i64, INT64_MIN, INT64_MAX, 1), (Numbers{0, 0}));
  TestStep s = step_of(Sizes::range, DType::f32, {{0}, {1}, {1}}, {}, 1);
  set(s.in[1], 0, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(found(s), (Numbers{0, 0}));
}

TEST(Sizes, ScalesAspectFloats) {
  using Numbers = std::vector<int64_t>;
  TestStep s = step_of(Sizes::scales, DType::f32, {{1, 1}}, {10, 7}, 4);
  set(s.in[0], 0, 0.7), set(s.in[0], 1, 2.5);
  const Numbers bits = {0x7f7fffff - std::bit_cast<int32_t>(0.7f),
                        0x7f7fffff - std::bit_cast<int32_t>(2.5f)};
  EXPECT_EQ(found(s), (Numbers{1, 7, 17, bits[0], bits[1]}));
  for (double bad : {0.0, -1.0, 1e30, 0.1, std::numeric_limits<double>::quiet_NaN()}) {
    set(s.in[0], 1, bad);
    EXPECT_EQ(found(s), Numbers(5, 0)) << bad;
  }
  const auto aspect = [&](int32_t mode) {
    return found(step_of(Sizes::aspect, DType::i64, {{7, 8}}, {2, 4}, 4, mode));
  };
  EXPECT_EQ(aspect(1), (Numbers{1, 4, 8, 8, 4}));
  EXPECT_EQ(aspect(2), (Numbers{1, 7, 14, 7, 2}));
  EXPECT_EQ(found(step_of(Sizes::aspect, DType::i64, {{7, -1}}, {2, 4}, 4, 1)), Numbers(5, 0));
  TestStep f = step_of(Sizes::floats, DType::f32, {{1, 0}}, {}, 2);
  set(f.in[0], 1, -0.5);
  EXPECT_EQ(found(f), (Numbers{1, 0x3f800000, int64_t{0xbf000000}}));
}

TEST(Sizes, HostileSteps) {
  EXPECT_EQ(try_hostile_steps("sizes",
                              {step_of(Sizes::slice, DType::i64, {{1}, {5}, {0}, {1}}, {20, 10}, 8),
                               step_of(Sizes::range, DType::f32, {{1}, {5}, {1}}, {}, 1),
                               step_of(Sizes::scales, DType::f32, {{1, 2}}, {10, 7}, 4),
                               step_of(Sizes::aspect, DType::i32, {{7, 8}}, {2, 4}, 4, 1)},
                              20000),
            "");
}

}  // namespace
}  // namespace hone::kernels
