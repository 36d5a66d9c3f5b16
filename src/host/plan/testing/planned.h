// Small graphs as text, planned: for tests of what lies behind the passes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "host/graph/text.h"
#include "host/ops/op_def.h"
#include "host/plan/make_plan.h"

namespace hone::plan::testing {

inline graph::Graph parsed(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 18, \"ai.hone\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  graph::Graph graph = g.ok() ? *g : graph::Graph();
  Status inferred = ops::infer_graph(graph);
  EXPECT_TRUE(inferred.ok()) << inferred.text();
  return graph;
}

// A machine that is nobody's: tests that see it in a plan know where it came from.
inline Target test_target(IsaMask isa = up_to(Isa::avx512)) {
  Target t;
  std::snprintf(t.cpu, sizeof(t.cpu), "Test CPU");
  t.isa = isa;
  t.cores = 2;
  return t;
}

inline PlanOptions test_options(IsaMask isa = up_to(Isa::avx512)) {
  PlanOptions o;
  o.target = test_target(isa);
  return o;
}

inline Plan planned(const std::string& body, const PlanOptions& options = test_options()) {
  auto plan = make_plan(parsed(body), options);
  EXPECT_TRUE(plan.ok()) << plan.status().text();
  return plan.ok() ? *plan : Plan();
}

inline std::string plan_error(const std::string& body,
                              const PlanOptions& options = test_options()) {
  auto plan = make_plan(parsed(body), options);
  return plan.ok() ? "no error" : plan.status().text();
}

}  // namespace hone::plan::testing
