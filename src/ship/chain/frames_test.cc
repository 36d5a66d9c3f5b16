// Frames of the Fashion model from picture to class.
#include "ship/chain/frames.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/engine/compile.h"
#include "host/tasks/classification.h"
#include "ship/chain/evaluation.h"
#include "ship/chain/testing/small_project.h"
#include "ship/measure/bench.h"
#include "ship/project/picture.h"

namespace hone::ship {
namespace {

using testing::Folder;
using testing::small_project;

Session fashion_session() {
  auto model = model::read_model(testing::fashion("fashion.onnx"));
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto bytes = std::make_shared<const std::vector<std::byte>>(engine::compile(*model, o)->bytes);
  return std::move(*Session::open(bytes, 1));
}

// The answer of each frame is that of the same picture by the way evaluation takes.
TEST(Frames, GiveTheClassesThatEvaluationGives) {
  Folder folder;
  const ModelSpec m = small_project(folder, 1);
  Session s = fashion_session(), other = fashion_session();
  auto w = PictureWork::make(s, m, false);
  ASSERT_TRUE(w.ok()) << w.status().text();
  EXPECT_EQ(w->describe()["kind"], "evaluation pictures");
  EXPECT_EQ(w->describe()["distinct"], 12);
  EXPECT_EQ(w->task(), "classification");
  auto data = tasks::open_dataset(*m.evaluation);
  auto inputs = ModelInputs::make(m, {{m.inputs[0].name, DType::f32, {1, 1, 28, 28}}});
  MonotonicTime time;
  for (int64_t i = 0; i < 24; ++i) {
    ASSERT_TRUE(w->prepare(i).ok());
    auto t = w->run(time);
    ASSERT_TRUE(t.ok());
    EXPECT_TRUE(t->begin <= t->preprocessed && t->preprocessed <= t->inferred &&
                t->inferred <= t->end);
    auto y = other.run(*inputs->of(*(*data)->sample(i % 12)));
    EXPECT_EQ(w->answer(), tasks::arg_max((*y)[0])) << i;
  }
}

// Stages and waiting add up to what is reported as the frame, in both modes.
TEST(Frames, StagesSumToTheTotal) {
  Folder folder;
  const ModelSpec m = small_project(folder, 1);
  Session s = fashion_session();
  auto w = PictureWork::make(s, m, false);
  ASSERT_TRUE(w.ok()) << w.status().text();
  for (bool paced : {false, true}) {
    BenchOptions o;
    o.duration_s = 0.02;
    o.max_warmup_s = 0;
    if (paced) o.rate = RateOptions{1000, false};
    auto r = bench(s, *w, o);
    ASSERT_TRUE(r.ok()) << r.status().text();
    const Record& d = r->record;
    double sum = 0, total = 0;
    for (size_t i = 0; i < d.latency().size(); ++i) {
      const int64_t stages = d.preprocess()[i] + d.infer()[i] + d.postprocess()[i];
      if (!paced) {
        EXPECT_EQ(stages, d.latency()[i]);
      }
      EXPECT_LE(stages, d.latency()[i]);
      sum += static_cast<double>(stages), total += static_cast<double>(d.latency()[i]);
    }
    const nlohmann::json j = to_json(*r);
    const nlohmann::json& stages = j["stages_ms"];
    for (const char* key : {"preprocess", "infer", "postprocess", "total"})
      ASSERT_TRUE(stages[key]["p50"].is_number()) << key;
    const double means =
        stages["preprocess"]["mean"].get<double>() + stages["infer"]["mean"].get<double>() +
        stages["postprocess"]["mean"].get<double>() + stages["wait"]["mean"].get<double>();
    EXPECT_NEAR(means, stages["total"]["mean"].get<double>(), 0.01 * means);
    EXPECT_EQ(j["latency_ms"], stages["total"]);
    if (!paced) {
      EXPECT_NEAR(sum, total, 0.01 * total);
    }
  }
}

TEST(Frames, NoiseWhereThereAreNoPictures) {
  ModelSpec m = testing::fashion_spec();
  m.outputs.clear();
  Session s = fashion_session();
  auto w = PictureWork::make(s, m, false);
  ASSERT_TRUE(w.ok()) << w.status().text();
  EXPECT_EQ(w->describe()["kind"], "noise pictures");
  EXPECT_EQ(w->describe()["distinct"], 64);
  MonotonicTime time;
  ASSERT_TRUE(w->prepare(0).ok());
  EXPECT_TRUE(w->run(time).ok());
  EXPECT_EQ(w->answer(), -1);
  auto same = PictureWork::make(s, m, true);
  EXPECT_EQ(same->describe()["distinct"], 1);
  EXPECT_EQ(same->describe()["same_input"], true);
}

TEST(Frames, WhatIsNoPictureIsRefused) {
  Folder folder;
  ModelSpec m = small_project(folder, 2);
  Session s = fashion_session();
  ModelSpec none = m;
  none.inputs.clear();
  EXPECT_EQ(PictureWork::make(s, none, false).code(), Code::unsupported);
  auto inputs = project_inputs(s, none, false);
  ASSERT_TRUE(inputs.ok()) << inputs.status().text();
  EXPECT_EQ(inputs->samples.size(), 2u);
  EXPECT_EQ(inputs->kind, "golden inputs");
  EXPECT_EQ(project_inputs(s, none, true)->samples.size(), 1u);
  m.inputs[0].image.width = 32;
  EXPECT_EQ(PictureWork::make(s, m, false).code(), Code::shape_mismatch);
}

}  // namespace
}  // namespace hone::ship
