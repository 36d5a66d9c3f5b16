#include "ship/chain/calibration_labels.h"

#include <gtest/gtest.h>

#include "host/import/import.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

Tensor one_hot(int64_t place) {
  Tensor t(DType::f32, {1, 10});
  for (int64_t i = 0; i < 10; ++i) t.set(i, i == place ? 1 : 0);
  return t;
}

std::shared_ptr<const tasks::Dataset> data_of(const ModelSpec& m) {
  return *tasks::open_dataset(*m.calibration);
}

TEST(CalibrationLabels, AreThoseOfTheSamplesAtTheirPlaces) {
  Folder folder;
  ModelSpec m = testing::small_project(folder, 0);
  m.calibration = m.evaluation;
  auto model = model::read_model(m.onnx);
  auto graph = import(*model);
  ASSERT_TRUE(graph.ok());
  auto make = calibration_labels(m, data_of(m), *graph);
  ASSERT_TRUE(make.ok()) << make.status().text();
  ASSERT_TRUE(*make);
  auto before = (*make)(), after = (*make)();
  ASSERT_TRUE(before.ok() && after.ok());
  // Sample k is of class k % 10.
  for (int64_t k : {11, 3, 7, 5}) {
    const Tensor right = one_hot(k % 10), wrong = one_hot((k + 1) % 10);
    ASSERT_TRUE((*before)->add(k, {&right, 1}).ok());
    ASSERT_TRUE((*after)->add(k, {k == 7 ? &wrong : &right, 1}).ok());
  }
  const quant::Drop drop = (*after)->drop_from(**before);
  EXPECT_DOUBLE_EQ(drop.points, 25);
  EXPECT_LT(drop.at_least, 0) << "one of four is chance";
  EXPECT_DOUBLE_EQ((*before)->drop_from(**after).points, -25);
}

TEST(CalibrationLabels, AreNoneWithoutLabelsOrTask) {
  Folder folder;
  ModelSpec m = testing::small_project(folder, 0);
  auto model = model::read_model(m.onnx);
  auto graph = import(*model);
  ASSERT_TRUE(graph.ok());
  m.calibration = m.evaluation;
  m.outputs[0].name = "scores";
  EXPECT_EQ(calibration_labels(m, data_of(m), *graph).status().text(),
            "the model has no output 'scores'");
  m.calibration->values.erase("labels");
  EXPECT_FALSE(*calibration_labels(m, data_of(m), *graph));
  m.calibration = m.evaluation;
  m.outputs[0].task.clear();
  EXPECT_FALSE(*calibration_labels(m, data_of(m), *graph));
}

}  // namespace
}  // namespace hone::ship
