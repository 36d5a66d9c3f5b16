// The report on disk is what the gate judged, and only that.
#include "ship/chain/identity.h"
#include "ship/chain/last_report.h"
#include "ship/chain/report_json.h"

#include <gtest/gtest.h>

#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using nlohmann::json;
using testing::Folder;

void expect_same(const Measured& a, const Measured& b) {
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.why, b.why);
}
void expect_same(const Paired& a, const Paired& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.lost, b.lost);
  EXPECT_EQ(a.gained, b.gained);
}

class Report : public ::testing::Test {
 protected:
  void SetUp() override {
    auto r = run_chain(model_, target_, options_);
    ASSERT_TRUE(r.ok()) << r.status().text();
    result_ = std::move(*r);
  }
  Result<GateReport> last() {
    Project p;
    p.folder = folder_ / "";
    return last_report(p, model_, target_, options_.out_folder);
  }
  json read() { return json::parse(*read_text(result_.report_path)); }
  std::string why(const json& damaged) {
    EXPECT_TRUE(write_text(result_.report_path, damaged.dump()).ok());
    return last().status().text();
  }

  Folder folder_;
  ModelSpec model_ = testing::small_project(folder_, 1);
  TargetSpec target_ = testing::local_target();
  ChainOptions options_ = testing::quick_options(folder_);
  ChainResult result_;
};

TEST_F(Report, IsReadBackAsItWasJudged) {
  auto g = last();
  ASSERT_TRUE(g.ok()) << g.status().text();
  const GateReport& was = result_.report;
  expect_same(g->p50_ms, was.p50_ms);
  expect_same(g->p90_ms, was.p90_ms);
  expect_same(g->p95_ms, was.p95_ms);
  expect_same(g->p99_ms, was.p99_ms);
  expect_same(g->peak_memory_mb, was.peak_memory_mb);
  expect_same(g->engine_mb, was.engine_mb);
  expect_same(g->energy_mj, was.energy_mj);
  EXPECT_EQ(g->parity_ok, was.parity_ok);
  EXPECT_EQ(g->parity_text, was.parity_text);
  ASSERT_TRUE(g->overall && was.overall);
  expect_same(*g->overall, *was.overall);
  ASSERT_EQ(g->classes.size(), 10u);
  for (size_t i = 0; i < 10; ++i) expect_same(g->classes[i], was.classes[i]);

  json j = read();
  EXPECT_EQ(j["schema"], 1);
  EXPECT_EQ(j["verdict"], verdict_line(result_.gate));
  EXPECT_EQ(j["gate"].size(), result_.gate.checks.size());
  EXPECT_EQ(j["model"], "fashion");
  EXPECT_EQ(j["target"], "local");
}

TEST_F(Report, DamageIsTold) {
  const std::string stem = options_.out_folder + "/fashion.local";
  const json good = read();
  json bad = good;
  bad["schema"] = "1";
  EXPECT_EQ(why(bad), stem + ".report.json: damaged; run hone ship");
  bad = good;
  bad["schema"] = 2;
  EXPECT_EQ(why(bad), stem + ".report.json: not a report of schema 1");
  for (const char* field :
       {"/identity/target", "/stages", "/stages/bench", "/stages/build/bytes", "/stages/parity/ok",
        "/stages/bench/latency_ms/p95", "/stages/accuracy/classes", "/stages/bench/memory"}) {
    bad = good;
    bad[json::json_pointer(field)] = json::array({true});
    EXPECT_EQ(why(bad), stem + ".report.json: damaged; run hone ship") << field;
  }
  EXPECT_EQ(why(json::array()), stem + ".report.json: not a report of schema 1");
  ASSERT_TRUE(write_text(result_.report_path, "{\"schema\": 1, ").ok());
  EXPECT_EQ(last().status().text(), stem + ".report.json: not a report of schema 1");
}

TEST_F(Report, IsOfTheEngineBesideIt) {
  ASSERT_TRUE(write_text(result_.engine_path, "another").ok());
  EXPECT_EQ(last().code(), Code::invalid_argument);
  testing::fs::remove(result_.engine_path);
  EXPECT_EQ(last().code(), Code::invalid_argument);
  testing::fs::remove(result_.report_path);
  EXPECT_EQ(last().code(), Code::not_found);
}

TEST_F(Report, IsOfWhatShips) {
  const std::string report = *read_text(result_.report_path);
  EXPECT_EQ(read()["identity"]["engine_hash"], read()["engine_hash"]);
  const auto refused = [&] {
    EXPECT_EQ(last().code(), Code::invalid_argument);
    return last().status().text();
  };
  const ModelSpec model = model_;
  model_.inputs[0].image.mean[0] = 0.5f;
  EXPECT_EQ(refused(),
            "the preprocessing or labels of model 'fashion' are not those of this report; run "
            "hone ship");
  model_ = model;
  model_.outputs[0].labels[3] = "Gown";
  EXPECT_NE(refused().find("preprocessing or labels"), std::string::npos);
  model_ = model;
  target_.threads = 2;
  EXPECT_EQ(refused(), "target 'local' has threads 2, this report is about 1; run hone ship");
  target_.threads = 1;
  target_.precision = "int8";
  EXPECT_NE(refused().find("has precision \"int8\", this report is about \"f32\""),
            std::string::npos);
  target_ = testing::local_target();
  EXPECT_TRUE(last().ok());
  // Another model under its name; one that is not there is not asked.
  ASSERT_TRUE(write_text(model_.onnx, "another").ok());
  EXPECT_NE(refused().find("is not the model this report is about"), std::string::npos);
  testing::fs::remove(model_.onnx);
  EXPECT_TRUE(last().ok()) << last().status().text();
  json old = read();
  old.erase("identity");
  EXPECT_EQ(why(old), "the report does not say what it is about; run hone ship");
}

TEST_F(Report, IsMeasuredOnTheMachineItIsFor) {
  const json j = read();
  EXPECT_EQ(measured_elsewhere(j["identity"], j["stages"]["bench"]["conditions"]), "");
  json other = j["stages"]["bench"]["conditions"];
  other["cpu"] = "Another";
  EXPECT_NE(measured_elsewhere(j["identity"], other).find("cpu 'Another', not '"),
            std::string::npos);
  other["cpu"] = nullptr;
  EXPECT_EQ(measured_elsewhere(j["identity"], other), "cpu not told");
}

// From stages as JSON, without a run.
TEST(ReportJson, WhatCannotBeClaimedSaysWhy) {
  const json stages = json::parse(R"({
    "build": {"bytes": 2500000},
    "parity": {"ok": true, "text": "agrees"},
    "accuracy": {"text": "no labelled evaluation data"},
    "bench": {"samples": 90, "energy": {"source": "unavailable: none"},
              "memory": {"peak_rss_bytes": "unavailable: no /proc"},
              "latency_ms": {"p50": 1.5, "p90": 2, "p95": null, "p99": null}}})");
  const GateReport g = gate_report(stages);
  EXPECT_EQ(g.p90_ms.value, 2);
  EXPECT_FALSE(g.p95_ms.value);
  EXPECT_EQ(g.p95_ms.why, "not claimable: 90 of 130 samples");
  EXPECT_EQ(g.p99_ms.why, "not claimable: 90 of 662 samples");
  EXPECT_EQ(g.engine_mb.value, 2.5);
  EXPECT_EQ(g.peak_memory_mb.why, "unavailable: no /proc");
  EXPECT_EQ(g.energy_mj.why, "unavailable: none");
  EXPECT_FALSE(g.overall);
  EXPECT_TRUE(g.classes.empty());
}

}  // namespace
}  // namespace hone::ship
