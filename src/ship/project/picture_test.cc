#include "ship/project/picture.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hone::ship {
namespace {

using nlohmann::json;
using preprocess::ImageContract;

ImageContract every_key() {
  ImageContract k;
  k.width = 416;
  k.height = 320;
  k.color = preprocess::Color::bgr;
  k.layout = preprocess::PixelLayout::nhwc;
  k.type = preprocess::PixelType::f32;
  k.resize = preprocess::Resize::pillow12_bicubic_aa;
  k.fit = preprocess::Fit::crop;
  k.anchor = preprocess::Anchor::top_left;
  k.short_side = 500;
  k.scale = 0.1f;
  for (int c = 0; c < 3; ++c) {
    k.mean[c] = 0.3f * static_cast<float>(c + 1);
    k.std[c] = 0.7f * static_cast<float>(c + 1);
    k.fill[c] = static_cast<uint8_t>(c + 7);
  }
  return k;
}

TEST(Contract, SurvivesTheEngine) {
  const ImageContract k = every_key();
  auto back = parse_contract(contract_text(k));
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(contract_text(*back), contract_text(k));
  EXPECT_EQ(back->width, 416);
  EXPECT_EQ(back->height, 320);
  EXPECT_EQ(back->resize, k.resize);
  EXPECT_EQ(back->fit, k.fit);
  EXPECT_EQ(back->anchor, k.anchor);
  EXPECT_EQ(back->short_side, 500);
  EXPECT_EQ(back->scale, k.scale);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(back->mean[c], k.mean[c]);
    EXPECT_EQ(back->std[c], k.std[c]);
    EXPECT_EQ(back->fill[c], k.fill[c]);
  }
}

// Engines of before resize rules say no more than this.
TEST(Contract, OfOldEnginesIsRead) {
  auto k = parse_contract(R"({"kind":"image","size":[28,28],"color":0,"layout":0,"scale":0.5,
                              "mean":[0.25],"std":[2]})");
  ASSERT_TRUE(k.ok()) << k.status().text();
  EXPECT_EQ(k->resize, preprocess::Resize::none);
  EXPECT_EQ(k->fit, preprocess::Fit::stretch);
  EXPECT_EQ(k->type, preprocess::PixelType::f32);
  EXPECT_EQ(k->std[0], 2);
}

TEST(Contract, DamageIsRefused) {
  const json good = json::parse(contract_text(every_key()));
  EXPECT_EQ(parse_contract("").code(), Code::corrupt);
  EXPECT_EQ(parse_contract("[]").code(), Code::corrupt);
  for (const char* key : {"size", "color", "layout", "scale", "mean", "std"}) {
    json j = good;
    j.erase(key);
    EXPECT_EQ(parse_contract(j.dump()).code(), Code::corrupt) << key;
  }
  const std::pair<const char*, json> wrong[] = {{"size", {0, 5}},
                                                {"size", {5, 65537}},
                                                {"size", {5}},
                                                {"size", {5, 5.5}},
                                                {"color", 5},
                                                {"color", -1},
                                                {"layout", 2},
                                                {"type", 3},
                                                {"resize", 9},
                                                {"fit", 3},
                                                {"anchor", "top"},
                                                {"short_side", -1},
                                                {"short_side", 1 << 20},
                                                {"fill", {1, 2}},
                                                {"fill", {1, 2, 256}},
                                                {"mean", {1, 2}},
                                                {"std", {1, 2, "3"}},
                                                {"scale", "1"}};
  for (const auto& [key, value] : wrong) {
    json j = good;
    j[key] = value;
    EXPECT_EQ(parse_contract(j.dump()).code(), Code::corrupt) << key << " " << value;
  }
}

}  // namespace
}  // namespace hone::ship
