// The chain's parity stage: on what it compares, and that it says so where this shows nothing.
#include <gtest/gtest.h>

#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

class ParityStage : public ::testing::Test {
 protected:
  void SetUp() override {
    model_.evaluation.reset();
    model_.golden.clear();
  }

  nlohmann::json run(Verdict verdict) {
    auto r = run_chain(model_, target_, options_);
    EXPECT_TRUE(r.ok()) << r.status().text();
    if (!r.ok()) return {};
    EXPECT_EQ(r->gate.verdict, verdict) << verdict_line(r->gate);
    return r->report_json["stages"]["parity"];
  }

  Folder folder_;
  ModelSpec model_ = testing::small_project(folder_, 1);
  TargetSpec target_ = testing::local_target();
  ChainOptions options_ = testing::quick_options(folder_);
};

TEST_F(ParityStage, WithoutDataIsOnRandomInputsThatShowDifferences) {
  const auto found = run(Verdict::ship);
  EXPECT_TRUE(found["ok"].get<bool>());
  EXPECT_TRUE(found["sees_differences"].get<bool>());
  EXPECT_EQ(found["text"].get<std::string>().substr(0, 41),
            "4 random inputs agree with the reference,");
}

// All weights 0: any input gives the biases.
TEST_F(ParityStage, AnOutputThatNeverChangesIsInconclusive) {
  auto m = model::read_model(model_.onnx);
  ASSERT_TRUE(m.ok());
  for (auto& i : m->graph.initializers) {
    if (i.tensor.rank() < 2 || !is_float(i.tensor.dtype())) continue;
    i.tensor = Tensor(i.tensor.dtype(), i.tensor.dims());
  }
  ASSERT_TRUE(model::write_model(*m, model_.onnx).ok());
  const auto found = run(Verdict::inconclusive);
  EXPECT_TRUE(found["ok"].get<bool>());
  EXPECT_FALSE(found["sees_differences"].get<bool>());
  EXPECT_NE(found["text"].get<std::string>().find("this test cannot see differences"),
            std::string::npos);
}

}  // namespace
}  // namespace hone::ship
