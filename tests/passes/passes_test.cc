// Every pass by its two-graph cases (see testing/case_file.h), and what makes the driver
// trustworthy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "host/engine/compile.h"
#include "host/exec/run_plan.h"
#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/passes/pass.h"
#include "testing/case_file.h"

namespace hone::passes {
namespace {

namespace fs = std::filesystem;

const std::string folder = std::string(HONE_SOURCE_DIR) + "/tests/passes";

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const Pass* p : pipeline()) names.emplace_back(p->name);
  return names;
}

const Pass& pass_named(const std::string& name) {
  for (const Pass* p : pipeline()) {
    if (p->name == name) return *p;
  }
  std::abort();
}

std::vector<Case> cases_of(const std::string& pass) {
  auto cases = read_cases(folder + "/" + pass + ".txt");
  EXPECT_TRUE(cases.ok()) << cases.status().text();
  return cases.ok() ? *cases : std::vector<Case>();
}

// --- evaluation ---------------------------------------------------------------------------------

Tensor noise(DType dtype, const Dims& dims, uint64_t seed) {
  Tensor t(dtype, dims);
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    double u = static_cast<double>(state >> 33) * 0x1p-31;
    // Over -4 .. 4, so that clips and hard activations are met on both sides.
    t.set(i, is_float(dtype) ? 8 * u - 4 : std::floor(4 * u));
    if (dtype == DType::boolean) t.set(i, u < 0.5 ? 0 : 1);
  }
  return t;
}

// The size of a symbol: "m12" is 12; those without a number get different small sizes.
int64_t size_of(const std::string& symbol, int64_t other) {
  size_t digits = symbol.find_first_of("0123456789");
  return digits == std::string::npos ? other : std::atoll(symbol.c_str() + digits);
}

std::vector<Tensor> inputs_of(const graph::Graph& g, uint64_t seed) {
  std::map<std::string, int64_t> sizes;
  std::vector<Tensor> inputs;
  for (graph::ValueId v : g.block().inputs) {
    Dims dims;
    for (const graph::Dim& d : *g.fact(v).shape) {
      for (const std::string& s : d.symbols()) {
        sizes.try_emplace(s, size_of(s, 2 + static_cast<int64_t>(sizes.size())));
      }
      dims.push_back(d.evaluate(sizes).value());
    }
    inputs.push_back(noise(g.fact(v).dtype, dims, seed + inputs.size()));
  }
  return inputs;
}

// What the operators of either graph allow, added up: the differences may.
double tolerance_of(const graph::Graph& a, const graph::Graph& b) {
  double sum = 0;
  for (const graph::Graph* g : {&a, &b}) {
    for (graph::NodeId n : g->all_nodes()) {
      if (const ops::OpDef* def = ops::find_op(g->node(n))) sum += def->tolerance;
    }
  }
  return std::max(sum, 1e-6);
}

// The largest difference relative to the largest value of all; infinity where shapes differ.
double difference(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.dims() != b.dims()) return INFINITY;
  double largest = 1e-6, worst = 0;
  for (int64_t i = 0; i < a.count(); ++i) {
    if (std::isfinite(a.at(i))) largest = std::max(largest, std::abs(a.at(i)));
    if (a.at(i) == b.at(i) || (std::isnan(a.at(i)) && std::isnan(b.at(i)))) continue;
    double d = std::abs(a.at(i) - b.at(i));
    worst = std::max(worst, std::isnan(d) ? INFINITY : d);
  }
  return worst / largest;
}

void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_LE(difference(a[i], b[i]), tolerance) << what << ": output " << i;
  }
}

void expect_equal_answers(const graph::Graph& before, const graph::Graph& after) {
  for (uint64_t seed : {1, 100}) {
    const auto inputs = inputs_of(before, seed);
    auto want = ops::evaluate(before, inputs), got = ops::evaluate(after, inputs);
    ASSERT_TRUE(want.ok()) << want.status().text();
    ASSERT_TRUE(got.ok()) << got.status().text();
    expect_same(*got, *want, tolerance_of(before, after), "reference");
  }
}

// --- one pass on its cases ----------------------------------------------------------------------

Result<Report> run_alone(graph::Graph& g, const Pass& pass) {
  Options options;
  options.engine = true;
  return run_passes(g, options, {&pass});
}

void check_case(const Pass& pass, const Case& c) {
  auto before = graph_of(c, c.before);
  ASSERT_TRUE(before.ok()) << before.status().text();
  graph::Graph g = *before;
  auto report = run_alone(g, pass);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches > 0, c.changes);
  ASSERT_TRUE(graph::verify(g).ok()) << graph::verify(g).text();
  const std::string want = c.changes ? c.after : body_of(*before), got = body_of(g);
  EXPECT_EQ(got, want) << graph::diff_text(want, got);
  auto again = graph_of(c, got);
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(body_of(*again), got) << "inference of the result says something else";
  report = run_alone(*again, pass);
  ASSERT_TRUE(report.ok()) << report.status().text();
  EXPECT_EQ(report->patches, 0) << "the result is not finished";
  expect_equal_answers(*before, g);
}

class PassCases : public testing::TestWithParam<std::string> {};

TEST_P(PassCases, BecomeWhatTheFileSays) {
  auto cases = cases_of(GetParam());
  if (std::getenv("HONE_UPDATE_CASES") != nullptr) {
    for (Case& c : cases) {
      auto g = graph_of(c, c.before);
      ASSERT_TRUE(g.ok()) << c.title << ": " << g.status().text();
      ASSERT_TRUE(run_alone(*g, pass_named(GetParam())).ok()) << c.title;
      c.after = body_of(*g);
    }
    ASSERT_TRUE(write_cases(folder + "/" + GetParam() + ".txt", cases).ok());
  }
  for (const Case& c : cases) {
    SCOPED_TRACE(GetParam() + ": " + c.title);
    check_case(pass_named(GetParam()), c);
  }
}

TEST_P(PassCases, ShowAMatchAndANearMiss) {
  auto cases = cases_of(GetParam());
  auto changes = std::count_if(cases.begin(), cases.end(), [](const Case& c) { return c.changes; });
  EXPECT_GE(changes, 1) << "no case in which " << GetParam() << " finds something";
  EXPECT_GE(static_cast<int64_t>(cases.size()) - changes, 1)
      << "no case in which " << GetParam() << " must keep its hands off";
}

// All passes together, and the kernels behind them, on the same graphs.
TEST_P(PassCases, SurviveThePipelineAndTheKernels) {
  for (const Case& c : cases_of(GetParam())) {
    SCOPED_TRACE(GetParam() + ": " + c.title);
    auto g = graph_of(c, c.before);
    ASSERT_TRUE(g.ok()) << g.status().text();
    for (bool engine : {false, true}) {
      graph::Graph whole = *g;
      Options options;
      options.engine = engine;
      auto report = run_passes(whole, options);
      ASSERT_TRUE(report.ok()) << report.status().text();
      expect_equal_answers(*g, whole);
    }
    auto built = engine::compile(*g, {});
    if (!built.ok() && built.status().code() == Code::unsupported) continue;  // no kernel for it
    ASSERT_TRUE(built.ok()) << built.status().text();
    const auto inputs = inputs_of(*g, 1);
    auto want = ops::evaluate(*g, inputs), got = exec::run_plan(built->plan, inputs);
    ASSERT_TRUE(want.ok()) << want.status().text();
    ASSERT_TRUE(got.ok()) << got.status().text();
    expect_same(*got, *want, 10 * tolerance_of(*g, *g), "engine");
  }
}

INSTANTIATE_TEST_SUITE_P(, PassCases, testing::ValuesIn(pass_names()),
                         [](const auto& info) { return info.param; });

TEST(PassFiles, BelongToAPass) {
  const auto names = pass_names();
  const std::set<std::string> known(names.begin(), names.end());
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    EXPECT_TRUE(known.contains(entry.path().stem())) << entry.path() << " is of no pass";
  }
  EXPECT_EQ(known.size(), names.size()) << "two passes of one name";
}

}  // namespace
}  // namespace hone::passes
