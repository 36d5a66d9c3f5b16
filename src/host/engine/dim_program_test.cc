// The shape program computes what the planner's expressions say, for any sizes.
#include "host/engine/dim_program.h"

#include <gtest/gtest.h>

#include <random>

#include "common/wire/dims.h"

namespace hone::engine {
namespace {

using graph::Dim;

class RandomDims {
 public:
  explicit RandomDims(uint32_t seed) : rng_(seed) {}

  Dim make(int depth) {
    if (depth == 0 || below(4) == 0) {
      return below(2) == 0 ? Dim(number()) : Dim::symbol(std::string(1, "nmk"[below(3)]));
    }
    Dim a = make(depth - 1), b = make(depth - 1);
    switch (below(6)) {
      case 0: return a + b;
      case 1: return a - b;
      case 2: return a * b;
      default: break;
    }
    auto op = static_cast<Dim::Op>(below(8));
    if (op == Dim::Op::select) return Dim::apply(op, {make(depth - 1), a, b});
    return Dim::apply(op, {a, b});
  }
  // Mostly small; now and then one that overflows.
  int64_t number() {
    if (below(30) == 0) return below(2) == 0 ? INT64_MAX - below(3) : INT64_MIN + below(3);
    return below(9) - 3;
  }
  int64_t size() { return below(20) == 0 ? int64_t{1} << (30 + below(30)) : 1 + below(40); }
  int64_t below(int64_t n) { return static_cast<int64_t>(rng_() % static_cast<uint64_t>(n)); }

 private:
  std::mt19937 rng_;
};

plan::Plan plan_with_symbols() {
  plan::Plan p;
  p.symbols = {{"n", {0, 0}}, {"m", {0, 2}}, {"k", {1, 1}}};
  return p;
}

TEST(DimProgram, AgreesWithTheExpressionsAtAnySize) {
  RandomDims random(7);
  const plan::Plan plan = plan_with_symbols();
  int values = 0, refusals = 0;
  for (int i = 0; i < 3000; ++i) {
    const Dim d = random.make(4);
    DimProgram program(plan);
    auto index = program.index(d);
    if (!index.ok()) {  // expressions that overflowed when built are symbols no input has
      bool opaque = false;
      for (const std::string& s : d.symbols()) opaque = opaque || s[0] == '?';
      ASSERT_TRUE(opaque) << to_string(d) << ": " << index.status().text();
      continue;
    }
    for (int k = 0; k < 4; ++k) {
      const int64_t n = random.size(), m = random.size(), other = random.size();
      const Shape shapes[] = {Shape({n, 3, m}), Shape({5, other})};
      std::vector<int64_t> out(program.instructions().size());
      auto ran = wire::eval_dims(program.instructions(), shapes, {}, out);
      auto want = d.evaluate({{"n", n}, {"m", m}, {"k", other}});
      ASSERT_EQ(ran.ok(), want.has_value())
          << to_string(d) << " at " << n << " " << m << " " << other;
      if (!want) {
        ++refusals;
        EXPECT_EQ(ran.code(), Code::shape_mismatch);
        continue;
      }
      ++values;
      ASSERT_EQ(out[static_cast<size_t>(*index)], *want) << to_string(d);
    }
  }
  EXPECT_GT(values, 5000);
  EXPECT_GT(refusals, 100) << "overflow and division by zero must be among them";
}

TEST(DimProgram, EqualExpressionsAreOneInstruction) {
  const plan::Plan plan = plan_with_symbols();
  DimProgram program(plan);
  const Dim n = Dim::symbol("n");
  auto a = program.index(floor_div(n + 3, 2) * 4), b = program.index(4 * floor_div(3 + n, 2));
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, *b);
  EXPECT_FALSE(program.index(Dim::symbol("nobody's")).ok());
}

}  // namespace
}  // namespace hone::engine
