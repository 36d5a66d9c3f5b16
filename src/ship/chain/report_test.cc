// The report on disk is what the gate judged, and only that.
#include "ship/chain/identity.h"
#include "ship/chain/last_report.h"
#include "ship/chain/report_json.h"

#include <gtest/gtest.h>

#include "host/model/files.h"
#include "ship/chain/testing/small_project.h"
#include "ship/gate/share.h"

namespace hone::ship {
namespace {

using nlohmann::json;
using testing::Folder;

void expect_same(const Measured& a, const Measured& b) {
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.why, b.why);
  EXPECT_EQ(a.doubt, b.doubt);
  EXPECT_EQ(a.samples, b.samples);
  ASSERT_EQ(a.interval.has_value(), b.interval.has_value());
  if (!a.interval) return;
  EXPECT_EQ(a.interval->low, b.interval->low);
  EXPECT_EQ(a.interval->high, b.interval->high);
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
#define HONE_LIMIT(key, ...) expect_same(g->key, was.key);
#define HONE_RULE(...)
#include "ship/project/limits.inc"
#undef HONE_LIMIT
#undef HONE_RULE
  EXPECT_EQ(g->rate, was.rate);
  EXPECT_EQ(g->parity.ok, was.parity.ok);
  EXPECT_EQ(g->parity.text, was.parity.text);
  EXPECT_EQ(g->parity.worst, was.parity.worst);
  EXPECT_EQ(g->parity.tolerance, was.parity.tolerance);
  ASSERT_TRUE(g->overall && was.overall);
  expect_same(*g->overall, *was.overall);
  ASSERT_EQ(g->classes.size(), 10u);
  for (size_t i = 0; i < 10; ++i) expect_same(g->classes[i], was.classes[i]);

  json j = read();
  EXPECT_EQ(j["schema"], 1);
  EXPECT_EQ(j["verdict"], verdict_line(result_.gate));
  EXPECT_EQ(j["gate"], gate_json(result_.gate));
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
        "/stages/bench/stages_ms/infer/p95", "/stages/accuracy/classes", "/stages/bench/memory"}) {
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
    return last().status().text().substr(result_.report_path.size() + 2);
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
  EXPECT_NE(refused().find("has precision \"int8\", this report is about \"best\""),
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
  EXPECT_EQ(why(old),
            result_.report_path + ": the report does not say what it is about; run hone ship");
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
json stages() {
  return json::parse(R"({
    "build": {"bytes": 2500000},
    "parity": {"ok": true, "text": "agrees", "worst": 1e-6, "tolerance": 1e-3},
    "accuracy": {"text": "no labelled evaluation data"},
    "bench": {"samples": 90, "energy": {"joules_per_inference": null,
                                        "source": "unavailable: none"},
              "memory": {"peak_rss_bytes": "unavailable: no /proc", "arena_bytes": 400000},
              "conditions": {"cpu": "C", "arch": "A", "isa": "portable", "cores": 4},
              "latency_ms": {"p50": 1.5, "p90": 2, "p95": null, "p99": null, "p99.9": null}}})");
}
const json identity = {
    {"target", {{"cpu", "C"}, {"arch", "A"}, {"isa", "portable"}, {"cores", 4}}}};
GateReport read(const json& s) { return gate_report(s, identity); }

TEST(ReportJson, WhatCannotBeClaimedSaysWhy) {
  const GateReport g = read(stages());
  EXPECT_EQ(g.p90_ms.value, 2);
  EXPECT_FALSE(g.p90_ms.interval);  // a report without intervals: the value stands for itself
  EXPECT_EQ(g.p90_ms.doubt, "");
  EXPECT_FALSE(g.p95_ms.value);
  EXPECT_EQ(g.p95_ms.why, "not claimable: 90 of 130 samples");
  EXPECT_EQ(g.p95_ms.needed, 130);
  EXPECT_EQ(g.p99_ms.why, "not claimable: 90 of 662 samples");
  EXPECT_EQ(g.p99_9_ms.why, "not claimable: 90 of 6636 samples");
  EXPECT_EQ(g.total_p50_ms.why, "unavailable: hone.toml describes no preprocessing to time");
  EXPECT_EQ(g.deadline_misses.why, "unavailable: measured back to back");
  EXPECT_EQ(g.latency_increase.why, "unavailable: not compared with a baseline, run hone ship");
  EXPECT_EQ(g.engine_mb.value, 2.5);
  EXPECT_DOUBLE_EQ(*g.arena_mb.value, 0.4);
  EXPECT_EQ(g.peak_memory_mb.why, "unavailable: no /proc");
  EXPECT_EQ(g.energy_mj.why, "unavailable: none");
  EXPECT_EQ(g.parity.worst, 1e-6);
  EXPECT_EQ(g.parity.tolerance, 1e-3);
  EXPECT_FALSE(g.overall);
  EXPECT_TRUE(g.classes.empty());
  EXPECT_FALSE(g.rate);
}

TEST(ReportJson, IntervalsOfPercentiles) {
  json s = stages();
  s["bench"]["intervals_ms"] = {{"p50", {1.4, 1.6}}, {"p90", {1.9, nullptr}}, {"p95", nullptr}};
  GateReport g = read(s);
  EXPECT_EQ(g.p50_ms.interval->low, 1.4);
  EXPECT_EQ(g.p50_ms.interval->high, 1.6);
  EXPECT_EQ(g.p50_ms.samples, 90);
  EXPECT_EQ(g.p90_ms.interval->low, 1.9);
  EXPECT_FALSE(g.p90_ms.interval->high);
  EXPECT_FALSE(g.p90_ms.needed);  // 36 would do, were they independent
  s["bench"]["samples"] = 30;
  EXPECT_EQ(read(s).p90_ms.needed, 36);
  s["bench"].erase("intervals_ms");
  s["bench"]["bounds_ms"] = {{"p50", 1.7}, {"p90", nullptr}};
  g = read(s);
  EXPECT_EQ(g.p50_ms.interval->low, 1.5);  // the value itself, up to the bound
  EXPECT_EQ(g.p50_ms.interval->high, 1.7);
  EXPECT_FALSE(g.p90_ms.interval);
}

TEST(ReportJson, CaptureToResult) {
  json s = stages();
  const json total = {
      {"p50", 3.5}, {"p90", 4}, {"p95", nullptr}, {"p99", nullptr}, {"p99.9", nullptr}};
  json infer = total;
  infer["p50"] = 1.25;
  s["bench"]["latency_ms"] = total;
  s["bench"]["stages_ms"] = {{"infer", infer}, {"total", total}};
  s["bench"]["intervals_ms"] = {{"p50", {3.4, 3.6}}};
  GateReport g = read(s);
  EXPECT_EQ(g.total_p50_ms.value, 3.5);
  EXPECT_EQ(g.total_p50_ms.interval->high, 3.6);
  EXPECT_EQ(g.total_p50_ms.samples, 90);
  EXPECT_EQ(g.total_p99_ms.why, "not claimable: 90 of 662 samples");
  EXPECT_EQ(g.p50_ms.value, 1.25);
  EXPECT_FALSE(g.p50_ms.interval);  // the interval is that of the whole
  s["bench"]["stages_ms"]["infer"]["intervals_ms"] = {{"p50", {1.2, 1.3}}};
  EXPECT_EQ(read(s).p50_ms.interval->low, 1.2);
}

TEST(ReportJson, DeadlineMisses) {
  json s = stages();
  s["bench"]["mode"] = "rate";
  s["bench"]["rate"] = {{"per_second", 30.0}, {"period_ms", 33.3}, {"scheduled", 1000}};
  s["bench"]["deadline_misses"] = 20;
  s["bench"]["longest_miss_streak"] = 5;
  const GateReport g = read(s);
  EXPECT_EQ(g.rate, 30);
  EXPECT_EQ(g.deadline_misses.value, 0.02);
  EXPECT_EQ(g.deadline_misses.samples, 1000);
  EXPECT_EQ(g.deadline_misses.interval->high, share_of(20, 1000, 5).high);
}

TEST(ReportJson, EnergyAsItIsRead) {
  json s = stages();
  s["bench"]["energy"] = {{"joules_per_inference", 0.0125}, {"source", "RAPL package-0"}};
  EXPECT_DOUBLE_EQ(*read(s).energy_mj.value, 12.5);
  s["bench"]["energy"] = {{"joules_per_inference", "unavailable: powercap is root's"},
                          {"source", "RAPL"}};
  EXPECT_EQ(read(s).energy_mj.why, "unavailable: powercap is root's");
  EXPECT_FALSE(read(s).energy_mj.value);
}

TEST(ReportJson, IncreaseOverTheBaseline) {
  json s = stages();
  s["compare"] = {{"ratio", {{"value", 1.03}, {"low", 1.01}, {"high", 1.05}}}, {"rounds", 40}};
  GateReport g = read(s);
  EXPECT_NEAR(*g.latency_increase.value, 3, 1e-9);
  EXPECT_NEAR(*g.latency_increase.interval->low, 1, 1e-9);
  EXPECT_NEAR(*g.latency_increase.interval->high, 5, 1e-9);
  EXPECT_EQ(g.latency_increase.samples, 40);
  s["compare"]["conditions"] = {{"cpu", "D"}, {"arch", "A"}, {"isa", "portable"}, {"cores", 4}};
  EXPECT_EQ(read(s).latency_increase.doubt, "measured on another machine: cpu 'D', not 'C'");
  s["compare"] = {{"ratio", nullptr}};
  EXPECT_FALSE(read(s).latency_increase.value);
}

TEST(ReportJson, AnotherMachinesTimesAreDoubted) {
  json s = stages();
  s["bench"]["conditions"]["cores"] = 2;
  const GateReport g = read(s);
  EXPECT_EQ(g.p50_ms.doubt, "measured on another machine: 2 cores, not 4");
  EXPECT_EQ(g.energy_mj.doubt, g.p50_ms.doubt);
  EXPECT_EQ(g.engine_mb.doubt, "");
}

TEST(ReportJson, CriticalClassesAreMarked) {
  Limits l;
  l.critical = {"person"};
  json accuracy = {{"classes", {{{"name", "person"}}, {{"name", "dog"}}}}};
  mark_critical(&accuracy, l);
  EXPECT_EQ(accuracy["classes"][0]["critical"], true);
  EXPECT_EQ(accuracy["classes"][1]["critical"], false);
  json none = {{"text", "no labelled evaluation data"}};
  mark_critical(&none, l);
  EXPECT_EQ(none.size(), 1u);
}

TEST(ReportJson, ChecksAsJson) {
  GateReport r = read(stages());
  Limits l;
  l.p90_ms = 1;
  l.p95_ms = 2;
  const json j = gate_json(decide(r, l));
  ASSERT_EQ(j.size(), 3u);
  EXPECT_EQ(j[1], json::parse(R"({"key": "p90_ms", "what": "p90 latency", "result": "fail",
    "text": "2 ms, limit 1", "unit": "ms", "value": 2.0, "low": null, "high": null,
    "limit": 1.0})"));
  EXPECT_EQ(j[2]["result"], "undecided");
  EXPECT_EQ(j[2]["needed"], 130);
  EXPECT_EQ(j[2]["value"], nullptr);
}

}  // namespace
}  // namespace hone::ship
