#include "host/model/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "common/tensor/half.h"

namespace hone {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double stored(DType type, double value) {
  Tensor t(type, {3});
  t.set(1, value);
  return t.at(1);
}

TEST(Tensor, StartsAtZeroAndKeepsWhatIsSet) {
  for (int i = 1; i < dtype_count; ++i) {
    const auto type = static_cast<DType>(i);
    if (type == DType::string || type == DType::f8e8m0) continue;
    Tensor t(type, {3});
    EXPECT_EQ(t.at(0), 0) << name(type);
    t.set(1, 1);
    EXPECT_EQ(t.at(0), 0) << name(type);
    EXPECT_EQ(t.at(1), 1) << name(type);
    EXPECT_EQ(t.int_at(1), 1) << name(type);
    EXPECT_EQ(t.at(2), 0) << name(type);
  }
}

TEST(Tensor, RoundsToNearestEvenAndSaturates) {
  EXPECT_EQ(stored(DType::u8, 2.5), 2);
  EXPECT_EQ(stored(DType::u8, 3.5), 4);
  EXPECT_EQ(stored(DType::u8, 300), 255);
  EXPECT_EQ(stored(DType::u8, -1), 0);
  EXPECT_EQ(stored(DType::i8, -200), -128);
  EXPECT_EQ(stored(DType::i4, 9), 7);
  EXPECT_EQ(stored(DType::i4, -9), -8);
  EXPECT_EQ(stored(DType::u4, 16), 15);
  EXPECT_EQ(stored(DType::i2, -3), -2);
  EXPECT_EQ(stored(DType::u2, 5), 3);
  EXPECT_EQ(stored(DType::i32, NAN), 0);
  EXPECT_EQ(stored(DType::f16, 65520), infinity);
  EXPECT_EQ(stored(DType::f16, 65519), 65504);
  EXPECT_EQ(stored(DType::f8e4m3fn, 1000), 448);
  EXPECT_EQ(stored(DType::f8e4m3fnuz, -1000), -240);
  EXPECT_EQ(stored(DType::f8e5m2, infinity), 57344);
  EXPECT_EQ(stored(DType::f8e8m0, 3), 4);
  EXPECT_EQ(stored(DType::f8e8m0, 0.25), 0.25);
  EXPECT_EQ(stored(DType::f4e2m1, 2.5), 2);
  EXPECT_EQ(stored(DType::f4e2m1, 100), 6);
  EXPECT_FALSE(std::signbit(stored(DType::f8e5m2fnuz, -0.0)));
  EXPECT_TRUE(std::isnan(stored(DType::f8e5m2fnuz, NAN)));
}

TEST(Tensor, SixtyFourBitsAreExact) {
  Tensor t = Tensor::of<int64_t>({2}, {(1ll << 53) + 1, std::numeric_limits<int64_t>::min()});
  EXPECT_EQ(t.int_at(0), (1ll << 53) + 1);
  EXPECT_EQ(t.int_at(1), std::numeric_limits<int64_t>::min());
  t.set(0, 1e300);
  EXPECT_EQ(t.int_at(0), std::numeric_limits<int64_t>::max());
}

TEST(Tensor, EveryHalfSurvivesAndAgreesWithTheDevice) {
  Tensor f16(DType::f16, {1}), bf16(DType::bf16, {1});
  for (uint32_t code = 0; code < 65536; ++code) {
    const auto half = static_cast<uint16_t>(code);
    std::memcpy(f16.mutable_data(), &half, 2);
    std::memcpy(bf16.mutable_data(), &half, 2);
    const double a = f16.at(0), b = bf16.at(0);
    if (std::isnan(a)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(half)));
    } else {
      EXPECT_EQ(a, f16_to_f32(half));
      f16.set(0, a);
      EXPECT_EQ(std::memcmp(f16.data(), &half, 2), 0) << code;
    }
    if (std::isnan(b)) continue;
    EXPECT_EQ(b, bf16_to_f32(half));
    bf16.set(0, b);
    EXPECT_EQ(std::memcmp(bf16.data(), &half, 2), 0) << code;
  }
}

TEST(Tensor, EverySmallFloatSurvives) {
  for (DType type :
       {DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz, DType::f8e8m0}) {
    Tensor t(type, {1});
    for (int code = 0; code < 256; ++code) {
      *static_cast<uint8_t*>(t.mutable_data()) = static_cast<uint8_t>(code);
      const double value = t.at(0);
      if (!std::isfinite(value)) continue;
      t.set(0, value);
      EXPECT_EQ(*static_cast<const uint8_t*>(t.data()), code) << name(type);
    }
  }
}

TEST(Tensor, RoundsHalfwayCasesOfHalfLikeTheDevice) {
  Tensor t(DType::f16, {1});
  for (uint32_t u = 0x33000000u; u < 0x47800000u; u += 0x1001u) {  // 2^-25 .. 65536
    const float f = std::bit_cast<float>(u);
    t.set(0, f);
    const uint16_t expected = f32_to_f16(f);
    ASSERT_EQ(std::memcmp(t.data(), &expected, 2), 0) << f;
  }
}

TEST(Tensor, CopiesShareUntilWritten) {
  Tensor a = Tensor::of<float>({2}, {1, 2});
  Tensor b = a;
  EXPECT_EQ(a.data(), b.data());
  b.set(0, 5);
  EXPECT_EQ(a.at(0), 1);
  EXPECT_EQ(b.at(0), 5);
  const void* own = b.data();
  b.set(1, 6);
  EXPECT_EQ(b.data(), own);
}

TEST(Tensor, UnalignedViewsAreCopiedOnceAndOnlyWhenNeeded) {
  auto bytes = std::make_shared<std::vector<std::byte>>(9);
  const float values[2] = {3, 4};
  std::memcpy(bytes->data() + 1, values, 8);
  const Tensor t = Tensor::view(DType::f32, {2}, bytes->data() + 1, bytes);
  const Tensor copy = t;
  EXPECT_EQ(t.at(1), 4);
  EXPECT_EQ(t.raw_bytes().data(), bytes->data() + 1);
  const void* seen[2];
  std::thread other([&] { seen[0] = copy.data(); });
  seen[1] = t.data();
  other.join();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(seen[0]) % alignof(float), 0u);
  EXPECT_EQ(t.as<float>()[0], 3);
  Tensor written = t;
  written.set(0, 9);
  EXPECT_EQ(t.at(0), 3);
  EXPECT_EQ(written.as<float>()[0], 9);
}

TEST(Tensor, EmptyScalarStringsAndReshaped) {
  const Tensor empty(DType::f32, {2, 0});
  EXPECT_EQ(empty.count(), 0);
  EXPECT_TRUE(to_doubles(empty).empty());
  EXPECT_TRUE(identical(empty, empty.reshaped({2, 0})));
  EXPECT_FALSE(identical(empty, empty.reshaped({0, 2})));
  const Tensor s = Tensor::scalar<int64_t>(7);
  EXPECT_EQ(s.rank(), 0);
  EXPECT_EQ(to_ints(s.reshaped({1, 1})), std::vector<int64_t>{7});
  const Tensor words = Tensor::strings({2}, {"a", "b"});
  EXPECT_EQ(words.as_strings()[1], "b");
  EXPECT_TRUE(identical(words, Tensor::strings({2}, {"a", "b"})));
  EXPECT_EQ(Tensor(DType::string, {2}).as_strings().size(), 2u);
  EXPECT_FALSE(Tensor());
  EXPECT_EQ(to_string(Dims{1, 3, 224}), "[1,3,224]");
  EXPECT_EQ(to_string(Dims{}), "[]");
}

}  // namespace
}  // namespace hone
