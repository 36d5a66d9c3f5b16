#include "host/tasks/data/npz_arrays.h"

#include <gtest/gtest.h>

namespace hone::tasks {
namespace {

using Arrays = std::map<std::string, Tensor>;

Arrays some() {
  return {{"x", Tensor::of<float>({3, 2}, {0, 1, 10, 11, 20, 21})},
          {"rate", Tensor::scalar<int64_t>(16000)},
          {"mask", Tensor::of<uint8_t>({1, 2}, {1, 0})},
          {"labels", Tensor::of<int32_t>({3}, {4, 5, 6})}};
}

TEST(NpzArrays, PiecesOfTheLeadingAxis) {
  const auto a = NpzArrays::make(some(), "labels", "f");
  ASSERT_TRUE(a.ok()) << a.status().text();
  EXPECT_EQ(a->count(), 3);
  EXPECT_EQ(a->label(1), 5);
  const Arrays s = a->sample(1);
  ASSERT_EQ(s.size(), 3u);
  EXPECT_TRUE(identical(s.at("x"), Tensor::of<float>({1, 2}, {10, 11})));
  EXPECT_EQ(s.at("rate").int_at(0), 16000);
  EXPECT_EQ(s.at("mask").dims(), (Dims{1, 2}));
}

TEST(NpzArrays, WithoutLabels) {
  Arrays arrays = some();
  arrays.erase("labels");
  const auto a = NpzArrays::make(std::move(arrays), "", "f");
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->count(), 3);
  EXPECT_FALSE(a->labelled());
}

TEST(NpzArrays, OneLinePerFault) {
  const auto text = [](Arrays arrays, const std::string& labels) {
    return std::string(NpzArrays::make(std::move(arrays), labels, "f").status().text());
  };
  EXPECT_EQ(text(some(), "y"), "f: no array 'y'");
  EXPECT_EQ(text(some(), "x"), "f: 'x' [3,2] of f32 are no labels: whole numbers [n]");
  EXPECT_EQ(text({{"labels", Tensor::of<int32_t>({1}, {4})}}, "labels"), "f: holds no inputs");
  Arrays uneven = some();
  uneven["mask"] = Tensor(DType::u8, {2, 2});
  EXPECT_EQ(text(uneven, "labels"), "f: 'mask' [2,2] and 'labels' [3] are not of as many samples");
  uneven.erase("labels");
  EXPECT_EQ(text(uneven, ""), "f: 'mask' [2,2] and 'x' [3,2] are not of as many samples");
  EXPECT_EQ(NpzArrays::open("/no/such.npz", "").code(), Code::not_found);
}

}  // namespace
}  // namespace hone::tasks
