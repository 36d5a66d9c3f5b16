#include "ship/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

namespace hone::ship::report {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json sample() {
  return json::parse(R"json({
    "schema": 1, "hone": "0.1.0", "model": "fashion", "target": "local", "engine_hash": "a4ec",
    "created": "2026-11-21T19:40:12Z", "verdict": "NO SHIP: p95 latency 2.41 ms, limit 2",
    "gate": [
      {"what": "p95 latency", "result": "fail", "text": "2.41 ms", "value": 2.4, "low": 2.35,
       "high": 2.48, "limit": 2.0, "unit": "ms"},
      {"what": "accuracy", "result": "undecided", "text": "drop", "value": 0.4, "low": 0.2,
       "high": 0.6, "limit": 0.5, "unit": "points", "needed": 41200},
      {"what": "parity", "result": "pass", "text": "agree"}],
    "commands": ["hone ship hone.toml"],
    "stages": {
      "quantize": {"text": "512 calibration samples", "bytes": 110000, "format": "qdq",
        "size": {"before": 360000, "after": 110000},
        "calibration": {"samples": 410, "held_out": 102, "calibrator": "mse", "labels": true},
        "ladder": [
          {"rung": "range search: mse", "result": "beyond", "figure": "2.10 % of top-1"},
          {"rung": "fast bias correction", "result": "within", "figure": "1.2 %", "kept": true},
          {"rung": "equalisation", "result": "no pair of convolutions", "figure": ""}],
        "layers": [
          {"node": "stem/Conv", "op": "Conv", "precision": "int8", "snr_db": 34.5},
          {"node": "head/Gemm", "op": "Gemm", "precision": "f32", "cause": "ends in floats anyway"},
          {"node": "mid/Conv", "op": "Conv", "precision": "int8", "snr_db": 8.5,
           "cause": "outlier channel", "tried": "fast bias correction"},
          {"node": "odd/Conv", "op": "Conv", "precision": "int8", "snr_db": -3.0}],
        "findings": ["bias correction: 'fc1': MatMul takes no bias"],
        "slips": [{"input": "x", "cause": "mean and std missing",
                   "text": "input 'x': mean <missing>: 40 times livelier with it"}],
        "macs": {"all": 8000000, "int8": 7904000, "int8_percent": 98.8},
        "tune": {"threads": 2, "cpu": "EPYC", "max_us": 50, "helps": true, "limit_used": 0.42,
          "summary": "1 of 2 layers in int8",
          "us": {"f32": 80.5, "int8": 41.5, "predicted": 42.5, "predicted_pm": 0.5,
                 "measured": 43.5, "measured_interval": [42.5, 44.5]},
          "layers": [
            {"nodes": ["early/first"], "us": {"f32": 30.5, "int8": 10.5}, "error": {"int8": 0.2},
             "chosen": "int8", "why": ""},
            {"nodes": ["late/last"], "us": {"f32": 2.5, "int8": 3.5}, "error": {"int8": 0.01},
             "chosen": "f32", "why": "not faster in int8 here: 3.5 us against 2.5"}]}},
      "build": {"text": "34 steps", "bytes": 394880, "seconds": 0.2},
      "accuracy": {"percent": 93.0, "baseline_percent": 93.4, "samples": 10000, "lost": 60,
        "gained": 20, "classes": [
          {"name": "Coat", "percent": 90.0, "baseline_percent": 91.0, "samples": 1000},
          {"name": "Shirt", "percent": 75.0, "baseline_percent": 78.0, "samples": 1000,
           "critical": true}]},
      "bench": {"samples": 700, "latency_ms": {"p50": 2.0, "p90": 2.1, "p95": 2.4, "p99": null},
        "samples_needed": {"p99": 662},
        "histogram": {"edges_ms": [1, 2, 3, 4], "counts": [100, 500, 100]},
        "timeline": [{"t_s": 0, "n": 9, "min_ms": 1, "p50_ms": 2, "max_ms": 3},
                     {"t_s": 1, "n": 9, "min_ms": 1, "p50_ms": 2, "max_ms": 3}],
        "steps": [{"layer": "a/Conv + a/Relu (conv_f32)", "us": 3.5}],
        "memory": {"peak_rss_bytes": 17000000, "arena_bytes": 136384},
        "energy": {"joules_per_inference": null, "source": "unavailable: no RAPL"},
        "conditions": {"cpu": "AMD EPYC", "cores": 2, "threads": 1}}}})json");
}

std::string page(const json& report) {
  auto html = render_report({report}, {});
  EXPECT_TRUE(html.ok());
  return html.ok() ? *html : "";
}

TEST(ReportPage, SaysWhyFirst) {
  const std::string s = page(sample());
  EXPECT_THAT(s, HasSubstr("NO SHIP"));
  EXPECT_THAT(s, HasSubstr("1 of 3 checks fail, 1 undecided."));
  EXPECT_THAT(s, HasSubstr("2.40 ms, 20 % over the limit of 2.00 ms (95 % interval 2.35 to 2.48)"));
  EXPECT_THAT(s, HasSubstr("about 41,200 samples would decide"));
  EXPECT_LT(s.find("NO SHIP"), s.find(">Latency<"));
  EXPECT_THAT(s, HasSubstr("not claimable: 700 of 662 samples")) << "as the report has it";
  EXPECT_THAT(s, HasSubstr("Unavailable: no RAPL"));
  EXPECT_LT(s.find("Shirt"), s.find("Coat")) << "the worst drop first";
}

TEST(ReportPage, SameInputSameBytes) {
  EXPECT_EQ(page(sample()), page(json::parse(sample().dump())));
}

TEST(ReportPage, WhatIsMissingIsLeftOut) {
  json r = sample();
  r["stages"] = json::object();
  r.erase("gate");
  const std::string s = page(r);
  for (const char* section : {"Latency", "Memory", "Time by layer", "Accuracy", "Gate"}) {
    EXPECT_THAT(s, Not(HasSubstr(std::string(">") + section + "<"))) << section;
  }
  EXPECT_THAT(s, Not(HasSubstr("class=\"chart\"")));
}

TEST(ReportPage, QuantisationNamesTheWorstLayerFirstAndWhatWasTried) {
  const std::string s = page(sample());
  const size_t begin = s.find(">Quantisation<");
  ASSERT_NE(begin, std::string::npos);
  const std::string part = s.substr(begin, s.find("</section>", begin) - begin);
  EXPECT_THAT(part, HasSubstr("× 0.31"));
  EXPECT_THAT(part, HasSubstr("3 of 4"));
  EXPECT_THAT(part, HasSubstr("2.10 % of top-1"));
  EXPECT_LT(part.find("fast bias correction"), part.find(">kept<"));
  EXPECT_LT(part.find(">kept<"), part.find("equalisation")) << "beside the rung it belongs to";
  EXPECT_THAT(part, HasSubstr("outlier channel"));
  EXPECT_THAT(part, HasSubstr("MatMul takes no bias"));
  // Noisier than its signal, then the others, then what was not measured.
  EXPECT_LT(part.find(">odd<"), part.find(">mid<"));
  EXPECT_LT(part.find(">mid<"), part.find(">stem<"));
  EXPECT_LT(part.find(">stem<"), part.find(">head<"));
}

TEST(ReportPage, QuantisationSaysWhatTheSearchOverPrecisionsFound) {
  const std::string s = page(sample());
  const std::string part = s.substr(s.find("id=\"quantisation\""));
  EXPECT_THAT(part, HasSubstr("mean &lt;missing&gt;: 40 times livelier"));
  EXPECT_THAT(part, HasSubstr("98.8 %"));
  EXPECT_THAT(part, HasSubstr("50.0 µs were asked for; 42.5 µs to 44.5 µs (98 %)"));
  // What stays float is in sight with both times and the reason; the rest is folded away.
  const size_t head = part.find(">late<"), why = part.find("3.5 us against 2.5"),
               rest = part.find("1 in other precisions"), stem = part.find(">early<");
  ASSERT_NE(stem, std::string::npos);
  EXPECT_LT(head, part.find("2.5 µs", head));
  EXPECT_LT(part.find("2.5 µs", head), why);
  EXPECT_LT(why, rest);
  EXPECT_LT(rest, stem);
}

TEST(ReportPage, QuantisationShowsSoMuchAndNoMore) {
  json r = sample();
  json& q = r["stages"]["quantize"];
  for (const char* key : {"layers", "ladder", "findings", "slips"}) {
    const json one = q[key][0];
    for (int i = 0; i < 3000; ++i) q[key].push_back(one);
  }
  const std::string s = page(r);
  EXPECT_THAT(s, HasSubstr("and 2,961 more"));
  EXPECT_THAT(s, HasSubstr("The worst 1,000 of 3,004 layers"));
  EXPECT_LT(s.size(), page(sample()).size() + 1000 * 1000);
}

TEST(ReportPage, SeveralBeginWithAnOverview) {
  json other = sample();
  other["target"] = "pi5";
  other["verdict"] = "SHIP";
  auto s = render_report({sample(), other}, {});
  ASSERT_TRUE(s.ok());
  EXPECT_LT(s->find(">Overview<"), s->find("id=\"report1\""));
  EXPECT_THAT(*s, HasSubstr("fashion for pi5"));
  EXPECT_THAT(*s, HasSubstr("<title>NO SHIP: 2 releases</title>")) << "the worst of them";
}

TEST(ReportPage, LatenciesOfTwoMachinesAreNotConnected) {
  report::Run a = run_of(sample()), b = a;
  auto lines = [](const std::string& s) {
    size_t n = 0;
    for (size_t i = s.find("class=\"line s1\""); i != std::string::npos;
         i = s.find("class=\"line s1\"", i + 1)) {
      ++n;
    }
    return n;
  };
  // p50, accuracy, memory and size have a line each.
  EXPECT_EQ(lines(render_trend({a, b})), 4u);
  b.cpu = "Raspberry Pi 5";
  EXPECT_EQ(lines(render_trend({a, b})), 3u);
  EXPECT_THAT(render_trend({a, b}), HasSubstr("CPU: AMD EPYC → Raspberry Pi 5"));
}

TEST(ReportPage, ARateIsAnotherQuestion) {
  json a = sample(), b = sample();
  a["stages"]["bench"]["mode"] = b["stages"]["bench"]["mode"] = "rate";
  a["stages"]["bench"]["rate"]["per_second"] = 30;
  b["stages"]["bench"]["rate"]["per_second"] = 60;
  EXPECT_NE(run_of(a).machine(), run_of(b).machine());
}

// Any field of any type, any number of any size: a page, never a crash, never "nan" in a chart.
TEST(ReportPage, AnyFieldMayBeAnything) {
  const json strange[] = {nullptr,
                          true,
                          -1,
                          0,
                          1e308,
                          -1e308,
                          1e-308,
                          1e15,
                          "",
                          "text",
                          "unavailable",
                          json::array(),
                          json::object(),
                          json::array({1, "a", nullptr}),
                          json::object({{"p50", 1}}),
                          std::string(100000, 'x')};
  std::mt19937 random(5);
  const json flat = sample().flatten();
  std::vector<std::string> paths;
  for (const auto& [path, v] : flat.items()) {
    for (size_t cut = path.size(); cut > 0 && cut != std::string::npos;
         cut = path.rfind('/', cut - 1)) {
      paths.push_back(path.substr(0, cut));
    }
  }
  for (const std::string& path : paths) {
    for (int i = 0; i < 4; ++i) {
      json r = sample();
      r[json::json_pointer(path)] = strange[random() % std::size(strange)];
      auto html = render_report({r}, {run_of(r), run_of(r)});
      if (!html.ok()) continue;
      ASSERT_THAT(*html, Not(HasSubstr("nan%"))) << path;
      ASSERT_THAT(*html, Not(HasSubstr("inf%"))) << path;
    }
  }
}

class ReportFile : public ::testing::Test {
 protected:
  Status read(const std::string& text) {
    const std::string path = ::testing::TempDir() + "hone_report_" + std::to_string(getpid());
    std::ofstream(path) << text;
    const Status s = read_report(path).status();
    std::filesystem::remove(path);
    EXPECT_EQ(s.text().find('\n'), std::string::npos);
    return s;
  }
};

TEST_F(ReportFile, RefusesWhatIsNone) {
  EXPECT_TRUE(read(sample().dump()).ok());
  const std::string deep(200000, '['), objects = [] {
    std::string s;
    for (int i = 0; i < 100000; ++i) s += "{\"a\":";
    return s;
  }();
  for (const std::string& text :
       {std::string(""), std::string("{}"), std::string("[]"), std::string("null"), deep, objects,
        std::string("{\"schema\":1}"), std::string("\xFF\xFE"), sample().dump().substr(0, 500),
        std::string(R"({"schema":1e308,"stages":{},"verdict":"SHIP"})"),
        std::string(R"({"schema":1,"stages":[],"verdict":"SHIP"})"),
        std::string(R"({"schema":1,"stages":{},"verdict":5})")}) {
    EXPECT_EQ(read(text).code(), Code::corrupt) << text.substr(0, 60);
  }
  EXPECT_EQ(read(R"({"schema":2,"stages":{},"verdict":"SHIP"})").code(), Code::version_mismatch);
}

TEST_F(ReportFile, BracketsInsideTextAreNoNesting) {
  json r = sample();
  r["model"] = std::string(1000, '[') + "\\\"" + std::string(1000, '{');
  EXPECT_TRUE(read(r.dump()).ok());
}

}  // namespace
}  // namespace hone::ship::report
