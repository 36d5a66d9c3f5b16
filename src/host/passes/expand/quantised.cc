// Products of quantised matrices that end in f32.
#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

// The sums of products as f32 times the scales of both sides, and the bias.
void finish(Expansion& e, ValueId sums, ValueId a_scale, ValueId b_scale, size_t bias) {
  ValueId y = e.add("Cast", {sums}, {{"to", int64_t{1}}});
  y = e.add("Mul", {y, e.add("Mul", {a_scale, b_scale})});
  if (e.has(bias)) y = e.add("Add", {y, e.in(bias)});
  e.give(0, y);
}

}  // namespace

// DynamicQuantizeMatMul: A, B, B's scale, zero point, bias. MatMulIntegerToFloat: A, B, A's scale,
// B's scale, A's zero point, B's zero point, bias.
Status expand_quantised_product(Expansion& e) {
  const bool dynamic = e.node().op == "DynamicQuantizeMatMul";
  std::vector<ValueId> factors = {e.in(0), e.in(1), e.in(4), e.in(5)};
  ValueId a_scale = e.in(2), b_scale = e.in(dynamic ? 2 : 3);
  if (dynamic) {
    const auto a = e.add_multi("DynamicQuantizeLinear", {e.in(0)}, 3);
    factors = {a[0], e.in(1), a[2], e.in(3)};
    a_scale = a[1];
  }
  while (factors.back() == graph::none) factors.pop_back();
  finish(e, e.add("MatMulInteger", factors), a_scale, b_scale, dynamic ? 4 : 6);
  return {};
}

}  // namespace hone::passes
