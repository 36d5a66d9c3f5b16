// A target's baseline is compared with, one that is not there is said before anything runs; names
// that are no UTF-8 do not stop a report.
#include <gtest/gtest.h>

#include <filesystem>

#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

class CompareStage : public ::testing::Test {
 protected:
  Folder folder_;
  ModelSpec model_ = testing::small_project(folder_, 1);
  TargetSpec target_ = testing::local_target();
  ChainOptions options_ = testing::quick_options(folder_);
};

TEST_F(CompareStage, HoldsTheEngineAgainstTheBaseline) {
  auto first = run_chain(model_, target_, options_);
  ASSERT_TRUE(first.ok()) << first.status().text();
  EXPECT_FALSE(first->report_json["stages"].contains("compare"));
  target_.baseline = folder_ / "released.engine";
  std::filesystem::copy(first->engine_path, target_.baseline);
  target_.limits.latency_increase = 50;
  options_.compare_seconds = 2;
  auto second = run_chain(model_, target_, options_);
  ASSERT_TRUE(second.ok()) << second.status().text();
  const auto& compared = second->report_json["stages"]["compare"];
  EXPECT_EQ(compared["baseline_hash"], second->report_json["engine_hash"]);
  EXPECT_EQ(compared["margin"], 0.5);
  EXPECT_GT(compared["rounds"], 0);
  bool judged = false;
  for (const auto& check : second->report_json["gate"]) {
    judged |= check["text"].get<std::string>().find("limit 50") != std::string::npos;
  }
  EXPECT_TRUE(judged) << second->report_json["gate"].dump(1);
}

TEST_F(CompareStage, ABaselineThatIsNotThereIsSaidFirst) {
  target_.baseline = folder_ / "none.engine";
  auto r = run_chain(model_, target_, options_);
  EXPECT_EQ(r.status().code(), Code::not_found);
  EXPECT_NE(r.status().text().find("hone.toml names it as 'baseline'"), std::string::npos);
}

TEST_F(CompareStage, LabelsOfAnotherEncodingAreReported) {
  model_.outputs[0].labels[0] = "Caf\xe9";  // Latin-1
  auto r = run_chain(model_, target_, options_);
  ASSERT_TRUE(r.ok()) << r.status().text();
  auto text = read_text(r->report_path);
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("Caf\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace hone::ship
