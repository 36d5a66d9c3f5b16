// Every kernel of the tables against the OpDefs' references: each line of plan's lowering table
// gives random one-node graphs; each kernel of kernels.inc takes those it can, forced by its name.
// The result is held against the reference under the OpDef's tolerance (integers and moved
// elements: bit by bit), then the engine made of the same plan runs with 1, 2 and 4 threads, which
// must not change a bit. A kernel that no case reaches, or an operator that no maker knows, fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "common/base/hash.h"
#include "device/platform/cpu.h"
#include "host/engine/write_engine.h"
#include "host/exec/run_plan.h"
#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/plan/make_plan.h"
#include "ship/measure/session.h"
#include "testing/case_maker.h"

namespace hone::kernel_tests {
namespace {

using kernels::Kernel;

// Fixed by the operator's name: a failure names its seed, the same seed makes the same graph
// everywhere, and another line in the table changes nobody else's cases. HONE_SEED=N: other ones.
uint32_t first_seed(const char* op) {
  const char* other = std::getenv("HONE_SEED");
  const uint64_t n = other != nullptr ? std::strtoull(other, nullptr, 10) : 0;
  return static_cast<uint32_t>(hash64(std::as_bytes(std::span(op, std::strlen(op))), n));
}

// Fewer cases than this leave too much of a kernel unseen.
constexpr int least_cases = 20;

struct Known {
  std::string op;
  uint32_t seed = 0;
  Case made;
  std::vector<Tensor> reference;
  std::set<std::string> families;  // of the steps it lowers to
};

plan::PlanOptions options_for(const std::string& kernel) {
  plan::PlanOptions o;
  auto isa = platform::usable_isa();
  o.target.isa = isa.ok() ? *isa : mask(Isa::portable);
  o.prefer_kernel = kernel;
  return o;
}

std::string describe(const Known& k) {
  return k.op + " seed " + std::to_string(k.seed) + "\n" +
         graph::to_text(k.made.graph, {.weights = false});
}

// How many cases of an operator, by how much there is to vary.
int cases_of(std::string_view op) {
  if (op == "HalfConv") return 600;  // one in 20 is 3 x 3 with a result of x's type
  if (op.ends_with("Conv")) return 400;
  if (op.ends_with("Gemm") || op == "MatMul" || op.ends_with("Pool") || op == "LSTM") return 200;
  if (op == "Attention") return 150;
  if (op == "Slice" || op == "Resize") return 120;  // some with parameters known when they run
  return 60;
}

Result<Known> make_case(const char* domain, const char* op, uint32_t seed) {
  Known k;
  k.op = op;
  k.seed = seed;
  auto made = random_case(domain, op, seed);
  if (!made) return internal("no maker of cases knows it");
  if (!made->ok()) return made->status();
  k.made = std::move(**made);
  auto reference = ops::evaluate(k.made.graph, k.made.inputs);
  if (!reference.ok()) return in(describe(k), reference.status());
  k.reference = std::move(*reference);
  auto plan = plan::make_plan(k.made.graph, options_for(""));
  if (!plan.ok()) return in(describe(k), plan.status());
  for (const plan::Step& s : plan->steps) k.families.insert(s.family);
  return k;
}

struct Cases {
  std::vector<Known> known;
  std::vector<std::string> problems;
};

// Every case with its reference, made once.
const Cases& all_cases() {
  static const Cases cases = [] {
    Cases all;
    auto add = [&](const char* domain, const char* op) {
      uint32_t seed = first_seed(op);
      for (int i = 0; i < cases_of(op); ++i, ++seed) {
        auto made = make_case(domain, op, seed);
        if (made.ok()) {
          all.known.push_back(std::move(*made));
        } else {
          all.problems.push_back(std::string(op) + " seed " + std::to_string(seed) + ": " +
                                 made.status().text());
        }
      }
    };
    for (const plan::LoweringEntry& e : plan::lowerings()) {
      // Control flow: its kernels are those of its blocks (tests of models run it).
      if (std::string_view(e.op) != "If") add(e.domain, e.op);
    }
    add("", "Shape");
    return all;
  }();
  return cases;
}

TEST(KernelCases, AreMadeForEveryLineOfTheLoweringTable) {
  const Cases& all = all_cases();
  std::printf("%zu cases, seeds of Conv from %u\n", all.known.size(), first_seed("Conv"));
  for (const std::string& problem : all.problems) ADD_FAILURE() << problem;
}

// Where the result is further from the reference than the tolerance allows; "" where nowhere.
std::string differs(const Tensor& got, const Tensor& want, double tolerance, const Case& c) {
  if (got.dtype() != want.dtype() || got.dims() != want.dims()) {
    return std::string("is ") + name(got.dtype()) + to_string(got.dims());
  }
  if (c.exact || !is_float(want.dtype())) return identical(got, want) ? "" : "not the same bits";
  const bool channels = want.rank() >= 3;
  int64_t inner = 1, count = channels ? want.dims()[1] : 1;
  for (size_t i = 2; channels && i < want.dims().size(); ++i) inner *= want.dims()[i];
  auto channel = [&](int64_t i) { return static_cast<size_t>(i / inner % count); };
  std::vector<double> scale(static_cast<size_t>(count), c.floor);
  for (int64_t i = 0; i < want.count(); ++i) {
    if (std::isfinite(want.at(i))) {
      scale[channel(i)] = std::max(scale[channel(i)], std::abs(want.at(i)));
    }
  }
  for (int64_t i = 0; i < want.count(); ++i) {
    const double a = got.at(i), b = want.at(i), limit = tolerance * scale[channel(i)];
    const bool same = std::isnan(b) ? std::isnan(a) : a == b || std::abs(a - b) <= limit;
    if (same) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(a) + ", not " +
           std::to_string(b) + " +- " + std::to_string(limit);
  }
  return "";
}

double tolerance_of(const graph::Graph& g) {
  double largest = 0;
  for (graph::NodeId id : g.all_nodes()) {
    const ops::OpDef* def = ops::find_op(g.node(id));
    if (def != nullptr) largest = std::max(largest, def->tolerance);
  }
  return largest;
}

// "" or what was wrong with the plan's results.
std::string check_plan(const plan::Plan& plan, const Known& k) {
  auto one = exec::run_plan(plan, k.made.inputs);
  if (!one.ok()) return one.status().text();
  const double tolerance = tolerance_of(k.made.graph);
  for (size_t i = 0; i < one->size(); ++i) {
    std::string why = differs((*one)[i], k.reference[i], tolerance, k.made);
    if (!why.empty()) return "output " + std::to_string(i) + " " + why;
  }
  auto bytes = engine::write_engine(plan);
  if (!bytes.ok()) return bytes.status().text();
  auto file = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
  for (int threads : {1, 2, 4}) {
    auto session = ship::Session::open(file, threads);
    if (!session.ok()) return session.status().text();
    auto out = session->run(k.made.inputs);
    if (!out.ok()) return out.status().text();
    for (size_t i = 0; i < out->size(); ++i) {
      if (identical((*out)[i], (*one)[i])) continue;
      return "output " + std::to_string(i) + " has other bits with " + std::to_string(threads) +
             " threads than step by step";
    }
  }
  return "";
}

// The name up to its tile and instruction set: what the kernel computes, on which types.
std::string stem(const Kernel& k) {
  std::string s = k.name;
  s.erase(s.size() - std::string_view(name(k.isa)).size() - 1);
  const size_t tile = s.rfind('_') + 1;
  return s.find_first_not_of("0123456789xc", tile) == std::string::npos ? s.substr(0, tile - 1) : s;
}

std::set<std::string> stems(Isa isa) {
  std::set<std::string> found;
  for (const Kernel* k : kernels::all_kernels()) {
    if (k->isa == isa) found.insert(k->family + (" " + stem(*k)));
  }
  return found;
}

// Nothing falls back to narrower vectors where the machine has the wider ones.
TEST(KernelTables, HaveAvx512WhereTheyHaveAvx2) {
  const std::set<std::string> narrow = stems(Isa::avx2);
  EXPECT_EQ(narrow, stems(Isa::avx512));
#if defined(__x86_64__)
  EXPECT_TRUE(narrow.contains("conv conv_f32") && narrow.contains("copy copy_b32"));
#endif
}

TEST(KernelTables, HaveNeonWhereTheyHaveAvx2) {
  const std::set<std::string> only_on_x86 = {};  // rows that Arm need not have, and why: none
  const std::set<std::string> arm = stems(Isa::neon);
  EXPECT_TRUE(arm.contains("conv conv_f32") && arm.contains("copy copy_b32"));
  for (const std::string& row : stems(Isa::avx2)) {
    EXPECT_TRUE(arm.contains(row) != only_on_x86.contains(row)) << row;
  }
}

class EveryKernel : public ::testing::TestWithParam<const Kernel*> {};

TEST_P(EveryKernel, AgreesWithTheReferenceForAnyNumberOfThreads) {
  const Kernel& kernel = *GetParam();
  const plan::PlanOptions options = options_for(kernel.name);
  if (!has(options.target.isa, kernel.isa)) {
    GTEST_SKIP() << "skipped: needs " << name(kernel.isa);
  }
  int reached = 0, failed = 0;
  std::set<std::string> ops;
  for (const Known& k : all_cases().known) {
    if (!k.families.contains(kernel.family)) continue;
    auto plan = plan::make_plan(k.made.graph, options);
    ASSERT_TRUE(plan.ok()) << plan.status().text() << "\n" << describe(k);
    const bool reaches = std::any_of(plan->steps.begin(), plan->steps.end(),
                                     [&](const plan::Step& s) { return s.kernel == &kernel; });
    if (!reaches) continue;
    ++reached;
    ops.insert(k.op);
    const std::string problem = check_plan(*plan, k);
    EXPECT_EQ(problem, "") << kernel.name << ", " << describe(k);
    if (!problem.empty() && ++failed == 3) FAIL() << "... and perhaps more";
  }
  EXPECT_GE(reached, least_cases) << kernel.name << " is exercised by too few cases";
  RecordProperty("cases", reached);
  RecordProperty("operators", static_cast<int>(ops.size()));
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel,
                         ::testing::ValuesIn(kernels::all_kernels().begin(),
                                             kernels::all_kernels().end()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace hone::kernel_tests
