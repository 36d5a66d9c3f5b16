#include "ship/project/calibration.h"

#include <gtest/gtest.h>

#include "host/import/import.h"
#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

std::shared_ptr<const tasks::Dataset> open(const tasks::DataSpec& spec) {
  auto d = tasks::open_dataset(spec);
  EXPECT_TRUE(d.ok()) << d.status().text();
  return *d;
}

// Pictures of one gray level each.
tasks::DataSpec levels(const Folder& folder, const std::string& name, std::vector<uint8_t> values) {
  std::vector<uint8_t> pixels;
  for (uint8_t v : values) pixels.insert(pixels.end(), 4, v);
  testing::write_idx(folder / name, {static_cast<uint32_t>(values.size()), 2, 2}, pixels);
  return {"idx", {{"images", folder / name}}, 0};
}

TEST(Calibration, SamplesAreTheInputsThatTheContractMakes) {
  Folder folder;
  ModelSpec m = testing::small_project(folder, 0);
  m.calibration = m.evaluation;
  auto model = model::read_model(m.onnx);
  auto graph = import(*model);
  auto samples = calibration_samples(m, open(*m.calibration), *graph);
  ASSERT_TRUE(samples.ok()) << samples.status().text();
  EXPECT_EQ(samples->count, 12);
  auto x = samples->get(3);
  ASSERT_TRUE(x.ok());
  ASSERT_EQ(x->size(), 1u);
  EXPECT_EQ((*x)[0].dims(), (Dims{1, 1, 28, 28}));
  auto sample = open(*m.evaluation)->sample(3);
  const float pixel = sample->picture.pixels[5];
  EXPECT_FLOAT_EQ((*x)[0].as<float>()[5], (pixel / 255 - 0.2860f) / 0.3530f);
  m.inputs.clear();
  EXPECT_EQ(calibration_samples(m, open(*m.calibration), *graph).status().text(),
            "hone.toml does not say how input 'image' is made");
}

TEST(Calibration, WhatDecidesDoesNotJudge) {
  Folder folder;
  const auto decides = open(levels(folder, "a", {1, 2, 3, 4}));
  const auto judges = open(levels(folder, "b", {5, 6, 7}));
  const auto both = open(levels(folder, "c", {9, 3, 8, 2}));
  EXPECT_TRUE(check_overlap(*decides, *judges).ok());
  EXPECT_EQ(check_overlap(*decides, *both).text(),
            "2 of 4 calibration samples are evaluation samples too (sample 1 is 3 there); take "
            "them out of one of the two, what decides cannot judge");
}

TEST(Calibration, ModelsFindTheirProject) {
  Folder folder;
  const ModelSpec m = testing::small_project(folder, 0);
  auto none = find_description(m.onnx);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(*none);
  const auto write = [&](const char* onnx) {
    std::ofstream(folder / "hone.toml")
        << "schema = 1\n[model.other]\nonnx = \"gone.onnx\"\n[model.m]\nonnx = \"" << onnx
        << "\"\n[target.t]\n";
  };
  write("./fashion.onnx");
  auto found = find_description(m.onnx);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->model->name, "m");
  EXPECT_EQ((*found)->path, folder / "hone.toml");
  write("another.onnx");
  auto others = find_description(m.onnx);
  ASSERT_TRUE(others.ok());
  EXPECT_FALSE(*others);
  std::ofstream(folder / "hone.toml") << "schema = 2\n";
  EXPECT_FALSE(find_description(m.onnx).ok());
}

// The same bytes as other sizes are other pictures.
TEST(Calibration, SizesCountAsContent) {
  Folder folder;
  testing::write_idx(folder / "wide", {1, 1, 4}, {1, 1, 1, 1});
  const auto wide = open({"idx", {{"images", folder / "wide"}}, 0});
  EXPECT_TRUE(check_overlap(*open(levels(folder, "square", {1})), *wide).ok());
}

}  // namespace
}  // namespace hone::ship
