#include "ship/profile/trace.h"

#include <gtest/gtest.h>

#include <map>

#include "ship/profile/testing/small_engine.h"

namespace hone::ship {
namespace {

using namespace testing;
using nlohmann::json;

const std::string three_layers = "in %x f32[4,64,32,32]\n" + constant("w", "f32", {64, 64, 3, 3}) +
                                 "%c = Conv(%x, %w) {pads=[1, 1, 1, 1]} \"conv\"\n"
                                 "%s = Softmax(%c) {axis=1} \"soft\"\n"
                                 "%y = Exp(%s) \"exp\"\nout %y as \"y\"";

json traced(int threads, int runs) {
  Session s = small_session(three_layers, threads);
  run_once(s, s.default_shapes());
  auto layers = describe_layers(s);
  auto r = record(s, runs);
  EXPECT_TRUE(layers.ok() && r.ok());
  EXPECT_EQ(r->dropped, 0);
  return chrome_trace(*r, *layers, "net");
}

// The Trace Event Format's rules for what is written here, and that events of a track nest and
// come in order: what chrome://tracing and Perfetto's importer need.
void check_rules(const json& trace) {
  ASSERT_TRUE(trace["traceEvents"].is_array());
  struct Open {
    double end;
  };
  std::map<int, std::vector<Open>> open;
  std::map<int, double> last;
  std::map<int, std::string> names;
  constexpr double rounding = 1e-6;  // of microseconds as doubles
  for (const json& e : trace["traceEvents"]) {
    ASSERT_TRUE(e["name"].is_string());
    ASSERT_TRUE(e["pid"].is_number_integer());
    ASSERT_TRUE(e["tid"].is_number_integer());
    const int tid = e["tid"];
    if (e["ph"] == "M") {
      ASSERT_TRUE(e["args"].is_object());
      if (e["name"] == "thread_name") names[tid] = e["args"]["name"];
      continue;
    }
    ASSERT_EQ(e["ph"], "X");
    ASSERT_TRUE(e["ts"].is_number() && e["dur"].is_number());
    const double ts = e["ts"], end = ts + e["dur"].get<double>();
    EXPECT_GE(e["dur"], 0);
    EXPECT_GE(ts, 0);
    EXPECT_FALSE(e["name"].get<std::string>().empty());
    EXPECT_TRUE(names.contains(tid)) << "a track without a name";
    EXPECT_GE(ts, last[tid] - rounding);
    last[tid] = ts;
    auto& stack = open[tid];
    while (!stack.empty() && stack.back().end <= ts + rounding) stack.pop_back();
    if (!stack.empty()) {
      EXPECT_LE(end, stack.back().end + rounding) << e;
    }
    stack.push_back({end});
  }
}

int count(const json& trace, const char* category) {
  int n = 0;
  for (const json& e : trace["traceEvents"]) n += e.value("cat", "") == category ? 1 : 0;
  return n;
}

TEST(Trace, StepsLieWithinTheirRuns) {
  const json t = traced(1, 3);
  check_rules(t);
  EXPECT_EQ(count(t, "run"), 3);
  EXPECT_EQ(count(t, "step") % 3, 0);
  EXPECT_GE(count(t, "step"), 9);
  EXPECT_EQ(count(t, "part"), 0);
  int convs = 0;
  for (const json& e : t["traceEvents"]) {
    const auto kernel = e.value("args", json::object()).value("kernel", "");
    if (e["name"] != "conv" || !kernel.starts_with("conv_")) continue;
    ++convs;
    EXPECT_EQ(e["args"]["flops"], 2.0 * 4 * 64 * 32 * 32 * 64 * 9);
    EXPECT_GT(e["dur"], 0);
  }
  EXPECT_EQ(convs, 3);
}

TEST(Trace, EveryThreadHasItsTrack) {
  const json t = traced(2, 2);
  check_rules(t);
  std::map<int, int> parts;
  std::map<int, std::pair<double, double>> step_of;  // of the first run
  for (const json& e : t["traceEvents"]) {
    const double ts = e.value("ts", 0.0), end = ts + e.value("dur", 0.0);
    if (e.value("cat", "") == "step") step_of.try_emplace(e["args"]["step"], ts, end);
    if (e.value("cat", "") != "part") continue;
    ++parts[e["tid"].get<int>()];
    const auto [begin, last] = step_of.at(e["args"]["step"].get<int>());
    if (ts < last) {  // of the first run: within its step
      EXPECT_GE(ts, begin);
      EXPECT_LE(end, last + 1e-6);
    }
  }
  EXPECT_EQ(parts.size(), 2u);
  EXPECT_GE(parts[1], 2);
  EXPECT_GE(parts[2], 2);
}

TEST(Trace, WhatFindsNoRoomIsCounted) {
  runtime::Trace trace;
  runtime::Span spans[2];
  trace.spans = spans;
  trace.capacity = 2;
  for (uint32_t i = 0; i < 5; ++i) trace.add(0, {i, i + 1, i, 0});
  EXPECT_EQ(trace.used[0], 5u);
  EXPECT_EQ(spans[1].step, 1u);
}

TEST(Trace, RecordingEndsWithTheRuns) {
  Session s = small_session(three_layers, 1);
  run_once(s, s.default_shapes());
  ASSERT_TRUE(record(s, 1).ok());
  EXPECT_TRUE(s.run().ok());  // nothing points to the recording's memory any more
  EXPECT_EQ(chrome_trace({}, {}, "nothing")["traceEvents"].size(), 3u);
}

}  // namespace
}  // namespace hone::ship
