// What a second run of the chain does again, and what it believes of the files of the first.
#include "ship/chain/stage_cache.h"

#include <gtest/gtest.h>

#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using nlohmann::json;
using testing::Folder;

TEST(StageCache, KeepsResultsByKey) {
  Folder folder;
  const std::string path = folder / "state.json";
  StageCache cache(path);
  EXPECT_FALSE(cache.find("a", "1"));
  ASSERT_TRUE(cache.put("a", "1", {{"text", "one"}}).ok());
  ASSERT_TRUE(cache.put("b", "2", {{"text", "two"}}).ok());
  StageCache again(path);
  EXPECT_EQ(again.find("a", "1")->at("text"), "one");
  EXPECT_EQ(again.find("b", "2")->at("text"), "two");
  EXPECT_FALSE(again.find("a", "2"));
  EXPECT_FALSE(again.find("c", "1"));
  ASSERT_TRUE(again.put("a", "2", {{"text", "three"}}).ok());
  EXPECT_FALSE(StageCache(path).find("a", "1"));
  EXPECT_EQ(StageCache(path).find("a", "2")->at("text"), "three");
}

TEST(StageCache, ADamagedStateIsAnEmptyOne) {
  Folder folder;
  const std::string path = folder / "state.json";
  for (const char* text :
       {"", "{", "[]", "7", R"({"a": 1})", R"({"a": []})", R"({"a": {"key": 1, "result": {}}})",
        R"({"a": {"key": "1"}})", R"({"a": {"key": "1", "result": "text"}})"}) {
    ASSERT_TRUE(write_text(path, text).ok());
    EXPECT_FALSE(StageCache(path).find("a", "1")) << text;
  }
}

TEST(StageCache, HashesFilesAndFolders) {
  Folder folder;
  EXPECT_EQ(hash_file(folder / "none"), "");
  testing::fs::create_directories(folder / "d/e");
  ASSERT_TRUE(write_text(folder / "d/one", "1").ok());
  ASSERT_TRUE(write_text(folder / "d/e/two", "2").ok());
  const std::string before = hash_folder(folder / "d");
  EXPECT_EQ(hash_folder(folder / "d"), before);
  ASSERT_TRUE(write_text(folder / "d/e/two", "3").ok());
  const std::string changed = hash_folder(folder / "d");
  EXPECT_NE(changed, before);
  testing::fs::rename(folder / "d/e/two", folder / "d/e/2");
  EXPECT_NE(hash_folder(folder / "d"), changed);  // the name counts, too
}

// One project, changed in one respect after the other; each run may do again only what depends on
// that.
class Redone : public ::testing::Test {
 protected:
  // The stages that ran, in order.
  std::string stages() {
    auto r = run_chain(model_, target_, options_);
    if (!r.ok()) return r.status().text();
    std::string names;
    for (const StageRow& row : r->stages) {
      if (!row.cached) names += (names.empty() ? "" : " ") + row.stage;
    }
    return names;
  }

  Folder folder_;
  ModelSpec model_ = testing::small_project(folder_, 1);
  TargetSpec target_ = testing::local_target();
  ChainOptions options_ = testing::quick_options(folder_);
};

TEST_F(Redone, OnlyWhatChanged) {
  const std::string all = "inspect golden optimize build parity accuracy bench profile gate";
  EXPECT_EQ(stages(), all);
  EXPECT_EQ(stages(), "gate");

  target_.limits.engine_mb = 4;
  EXPECT_EQ(stages(), "gate") << "limits";

  options_.bench_seconds = 0.03;
  EXPECT_EQ(stages(), "bench profile gate");

  testing::fs::copy(testing::fashion("golden/01"), model_.golden + "/01");
  EXPECT_EQ(stages(), "golden gate") << "a golden pair more";

  std::vector<uint8_t> labels(12, 3);
  testing::write_idx(folder_ / "labels", {12}, labels);
  EXPECT_EQ(stages(), "accuracy gate") << "labels of the evaluation";

  model_.evaluation->limit = 11;
  EXPECT_EQ(stages(), "parity accuracy bench gate") << "fewer samples";

  options_.parity_inputs = 1;
  EXPECT_EQ(stages(), "parity gate");

  model_.inputs[0].image.mean[0] = 0.25f;
  EXPECT_EQ(stages(), "build parity accuracy bench profile gate")
      << "the contract lies in the engine";

  target_.threads = 2;
  EXPECT_EQ(stages(), "build parity accuracy bench profile gate");

  options_.machine.isa = mask(Isa::portable);
  EXPECT_EQ(stages(), "build parity accuracy bench profile gate");

  // One field more that no reader knows: another file, the same model.
  std::ofstream(model_.onnx, std::ios::binary | std::ios::app).write("\x32\x01x", 3);
  EXPECT_EQ(stages(), all) << "the model";
}

TEST_F(Redone, WhatIsMissing) {
  ASSERT_EQ(stages().substr(0, 7), "inspect");
  testing::fs::remove(folder_ / "out/fashion.local.engine");
  EXPECT_EQ(stages(), "build gate") << "the same engine again";
  testing::fs::remove(folder_ / "out/fashion.optimized.onnx");
  EXPECT_EQ(stages(), "optimize gate");
  testing::fs::remove(folder_ / "out/state.json");
  EXPECT_EQ(stages().substr(0, 7), "inspect");
}

// Right keys with results that are not: told, not crashed on.
TEST_F(Redone, AStateWithRightKeysAndWrongResults) {
  ASSERT_EQ(stages().substr(0, 7), "inspect");
  const std::string path = folder_ / "out/state.json";
  json state = json::parse(*read_text(path));
  state["fashion/local/bench"]["result"] = {{"text", 3}};
  ASSERT_TRUE(write_text(path, state.dump()).ok());
  EXPECT_EQ(stages(), path + ": damaged; delete it and run again");
}

}  // namespace
}  // namespace hone::ship
