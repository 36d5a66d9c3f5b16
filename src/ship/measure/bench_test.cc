// The line of `hone bench --json`: scripts of others read it.
#include "ship/measure/bench.h"

#include <gtest/gtest.h>

#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"
#include "ship/measure/conditions.h"
#include "ship/measure/memory.h"

namespace hone::ship {
namespace {

using nlohmann::json;

Session small_session() {
  auto graph = graph::parse_text(R"(graph "net" opset {"" 17}
in %x f32[batch,4]
const %w f32[4] = [1, 2, 3, 4]
%y f32[batch,4] = Mul(%x, %w) "mul"
out %y as "y"
)");
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto bytes =
      std::make_shared<const std::vector<std::byte>>(engine::compile(std::move(*graph), o)->bytes);
  return std::move(*Session::open(bytes, 1));
}

BenchResult of_samples(int n) {
  BenchResult r;
  for (int64_t i = 1; i <= n; ++i) r.record.add({i, i * 1'000'000, 0, 0, 0, 0});
  r.findings = find(r.record, false);
  return r;
}

TEST(Bench, JsonIsTheSchema) {
  const json j = to_json(of_samples(700));
  EXPECT_EQ(j["schema"], 1);
  EXPECT_EQ(j["samples"], 700);
  const json& l = j["latency_ms"];
  EXPECT_EQ(l["mean"], 350.5);
  EXPECT_EQ(l["p50"], 350);
  EXPECT_EQ(l["p90"], 630);
  EXPECT_EQ(l["p95"], 665);
  EXPECT_EQ(l["p99"], 693);
  EXPECT_TRUE(l.at("p99.9").is_null());  // needs 6,636
  for (const char* key : {"memory", "energy", "conditions", "warnings"})
    EXPECT_TRUE(j.contains(key));
}

// A percentile appears with exactly the sample that makes it claimable, and is null before.
TEST(Bench, PercentilesComeWithTheirSamples) {
  for (double p : {0.5, 0.9, 0.95, 0.99, 0.999}) {
    const auto needed = static_cast<int>(samples_needed(p));
    EXPECT_TRUE(to_json(of_samples(needed - 1))["latency_ms"][percentile_name(p)].is_null()) << p;
    EXPECT_TRUE(to_json(of_samples(needed))["latency_ms"][percentile_name(p)].is_number()) << p;
  }
}

// The bound that samples_needed documents, computed here another way: with n samples the chance
// that at most one exceeds percentile p is at most 1 %, with one sample less it is not.
TEST(Bench, SamplesSufficeForTheDocumentedBound) {
  const auto at_most_one_exceeds = [](double p, int64_t n) {
    double none = 1, one = 0;  // chances after each sample
    for (int64_t i = 0; i < n; ++i) {
      one = one * p + none * (1 - p);
      none *= p;
    }
    return none + one;
  };
  for (double p : {0.9, 0.95, 0.99, 0.999}) {
    const int64_t n = samples_needed(p);
    EXPECT_LE(at_most_one_exceeds(p, n), 0.01) << p;
    EXPECT_GT(at_most_one_exceeds(p, n - 1), 0.01) << p;
  }
}

TEST(Bench, RunsAtLeastElevenTimes) {
  Session s = small_session();
  BenchOptions o;
  o.duration_s = 0;
  o.max_warmup_s = 0;
  o.machine_root = "/no such machine";
  auto r = bench(s, o);
  ASSERT_TRUE(r.ok()) << r.status().text();
  EXPECT_EQ(r->latency_ms.samples, 11);
  EXPECT_TRUE(r->latency_ms.percentiles[0].value);
  EXPECT_FALSE(r->latency_ms.percentiles[1].value);
  EXPECT_EQ(r->warmup.runs, 0);
  EXPECT_FALSE(r->warmup.steady);
  EXPECT_EQ(r->warnings.size(), 1u);
  const json j = to_json(*r);
  EXPECT_TRUE(j["energy"]["joules_per_inference"].is_null());
  EXPECT_EQ(j["energy"]["source"].get<std::string>().substr(0, 13), "unavailable: ");
  EXPECT_EQ(j["conditions"]["throttled"].get<std::string>().substr(0, 13), "unavailable: ");
  EXPECT_GT(j["memory"]["arena_bytes"], 0);
  EXPECT_EQ(j["conditions"]["mode"], "closed");
  EXPECT_EQ(j["warmup"]["steady"], false);
  ASSERT_EQ(j["steps"].size(), 1u);
  EXPECT_EQ(j["steps"][0]["layer"].get<std::string>().substr(0, 5), "mul (");
}

TEST(Bench, TakesShapesAndRefusesWrongOnes) {
  Session s = small_session();
  BenchOptions o;
  o.duration_s = 0;
  o.max_warmup_s = 0;
  o.shapes = {{3, 4}};
  ASSERT_TRUE(bench(s, o).ok());
  EXPECT_EQ(s.output(0).dims(), (Dims{3, 4}));
  o.shapes = {{3, 5}};
  EXPECT_EQ(bench(s, o).code(), Code::shape_mismatch);
}

TEST(Bench, RandomInputsAreOfTheirSeed) {
  IoInfo io{"x", DType::f32, {}, {}, {}};
  const Tensor a = random_input(io, {100}, 1), b = random_input(io, {100}, 2);
  EXPECT_TRUE(identical(a, random_input(io, {100}, 1)));
  EXPECT_FALSE(identical(a, b));
  for (double v : to_doubles(a)) EXPECT_TRUE(v >= -1 && v <= 1);
  io.dtype = DType::i64;
  for (int64_t v : to_ints(random_input(io, {100}, 1))) EXPECT_TRUE(v == 0 || v == 1);
}

TEST(Conditions, AreReadOrSayWhy) {
  const json j = read_conditions();
  for (const char* key : {"hone", "cpu", "isa", "cores", "governor", "frequency_khz", "load",
                          "cgroup_cpu_max", "kernel"}) {
    ASSERT_TRUE(j.contains(key)) << key;
    EXPECT_NE(j[key], "") << key;
  }
  EXPECT_GT(j["cores"], 0);
  EXPECT_EQ(conditions_line({{"cpu", "C"}, {"cores", 2}, {"isa", "avx2"}, {"load", "0.5 1 2"}}),
            "C, 2 cores, isa avx2, load 0.5");
}

}  // namespace
}  // namespace hone::ship
