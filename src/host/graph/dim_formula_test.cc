#include "host/graph/dim_formula.h"

#include <gtest/gtest.h>

namespace hone::graph {
namespace {

Dim sym(const char* name) { return Dim::symbol(name); }

TEST(DimFormula, SaysSumsAndProducts) {
  EXPECT_EQ(formula(7), "7");
  EXPECT_EQ(formula(0), "0");
  EXPECT_EQ(formula(sym("batch")), "batch");
  EXPECT_EQ(formula(sym("s") * 2 + 1), "2*s + 1");
  EXPECT_EQ(formula(sym("b") * sym("s")), "b*s");
  EXPECT_EQ(formula(Dim(3) - sym("s")), "-s + 3");
}

TEST(DimFormula, SaysOperations) {
  EXPECT_EQ(formula(floor_div(sym("h"), 2)), "floor(h/2)");
  EXPECT_EQ(formula(floor_div(sym("h") + 1, 2)), "floor((h + 1)/2)");
  EXPECT_EQ(formula(ceil_div(sym("h"), sym("w") * 2)), "ceil(h/(2*w))");
  EXPECT_EQ(formula(mod(sym("n"), 8) * 3), "3*mod(n, 8)");
  EXPECT_EQ(formula(min(sym("n"), 200)), "min(n, 200)");
  EXPECT_EQ(formula(max(sym("n"), sym("m"))), "max(m, n)");
}

TEST(DimFormula, NamesThatAreFormulasStayTogether) {
  EXPECT_EQ(formula(sym("2*s0")), "2*s0");
  EXPECT_EQ(formula(sym("2*s0") * 3), "3*(2*s0)");
}

TEST(DimFormula, SaysNothingOfWhatOnlyDataTell) {
  EXPECT_EQ(formula(sym("?n")), "");
  EXPECT_EQ(formula(sym("?n") + sym("s")), "");
  EXPECT_EQ(formula(Dim::apply(Dim::Op::less, {sym("a"), sym("b")})), "");
}

TEST(DimFormula, SaysNothingRatherThanPages) {
  Dim d = 0;
  for (int i = 0; i < 40; ++i) d = d + sym(("symbol_" + std::to_string(i)).c_str());
  EXPECT_EQ(formula(d), "");
}

}  // namespace
}  // namespace hone::graph
