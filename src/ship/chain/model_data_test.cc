#include "ship/chain/model_data.h"

#include <gtest/gtest.h>

#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

TEST(ModelData, TheBaselineIsCountedOnceForAllTargets) {
  Folder folder;
  const ModelSpec model = testing::small_project(folder, 1);
  ModelData data(model);
  ChainOptions options = testing::quick_options(folder);
  options.data = &data;
  int baselines = 0, engines = 0;
  options.progress = [&](const std::string& what, double done, double) {
    baselines += what == "accuracy of the baseline" && done == 0;
    engines += what == "accuracy of the engine" && done == 0;
  };
  TargetSpec target = testing::local_target();
  std::vector<double> values;
  for (const char* name : {"one", "two"}) {
    target.name = name;
    auto r = run_chain(model, target, options);
    ASSERT_TRUE(r.ok()) << r.status().text();
    EXPECT_EQ(r->samples, 12);
    values.push_back(r->baseline_accuracy);
  }
  EXPECT_EQ(values[0], values[1]);
  EXPECT_EQ(baselines, 1);
  EXPECT_EQ(engines, 2);
}

TEST(ModelData, KeysAreOfWhatTheFilesHold) {
  Folder folder;
  ModelSpec model = testing::small_project(folder, 0);
  const ModelData before(model);
  EXPECT_EQ(before.calibration_key(), "") << "there are none";
  const std::string inputs = before.evaluation_key(false), all = before.evaluation_key(true);
  EXPECT_EQ(ModelData(model).evaluation_key(true), all);
  testing::write_idx(folder / "labels", {12}, std::vector<uint8_t>(12, 3));
  EXPECT_EQ(before.evaluation_key(true), all) << "one run sees one state of the files";
  EXPECT_EQ(ModelData(model).evaluation_key(false), inputs) << "labels are no input";
  EXPECT_NE(ModelData(model).evaluation_key(true), all);
  model.calibration = model.evaluation;
  const ModelData same(model);
  EXPECT_EQ(same.calibration_key(), same.evaluation_key(true));
  EXPECT_EQ(same.check_overlap().code(), Code::invalid_argument);
  EXPECT_EQ(same.check_overlap().text(), same.check_overlap().text());
  model.evaluation->values["images"] = folder / "gone";
  const ModelData gone(model);
  EXPECT_NE(gone.evaluation_key(false), inputs);
  EXPECT_EQ(gone.check_overlap().code(), Code::not_found);
}

}  // namespace
}  // namespace hone::ship
