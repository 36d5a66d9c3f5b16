// LinearAttention -> family linear_attention, in f32.

#include "device/kernels/linear_attention/linear_attention.h"

#include <cmath>

#include "device/kernels/unary/unary.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

// Input `i`, dense and f32.
Result<PlanValue> floats(Lowering& l, const Node& n, size_t i) {
  HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
  if (v == absent) return absent;
  v = dense(l, n, v);
  if (l.at(v).dtype == DType::f32) return v;
  const PlanValue wide = l.temporary(l.at(v).name, DType::f32, l.at(v).shape);
  l.add_step(n, "cast", {v}, {wide}, {}, {});
  return wide;
}

}  // namespace

Status lower_linear_attention(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  const SymShape& q = *fact.shape;
  const int64_t q_heads = n.attributes.i("q_num_heads", 1),
                heads = n.attributes.i("kv_num_heads", 1);
  if (fact.dtype == DType::f64) return unsupported("no kernel for f64");
  if (!q[2].is_const() || q[2].value() < q_heads) {
    return unsupported("heads whose size depends on the input");
  }
  const SymShape &k = *l.graph().fact(n.input(1)).shape, &v = *l.graph().fact(n.input(2)).shape;
  const std::string rule = n.attributes.s("update_rule", "gated_delta");
  const bool gated = rule.starts_with("gated"), delta = rule.ends_with("delta");
  if (gated != (n.input(4) != graph::none) || delta != (n.input(5) != graph::none)) {
    return invalid("decay or beta is missing, or given to a rule without");
  }
  const int64_t k_size = q[2].value() / q_heads;
  kernels::LinearAttentionAttrs a{static_cast<int32_t>(q_heads), static_cast<int32_t>(heads),
                                  n.attributes.f("scale", 0)};
  if (a.scale == 0) a.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(k_size)));
  std::vector<PlanValue> in;
  for (size_t i = 0; i < 6; ++i) {
    HONE_ASSIGN(PlanValue x, floats(l, n, i));
    in.push_back(x);
  }
  if (in[4] != absent) {  // the decay is a logarithm
    const PlanValue gate = l.temporary(n.name + " decay", DType::f32, l.at(in[4]).shape);
    l.step(n, "unary", {in[4]}, {gate},
           kernels::UnaryAttrs{static_cast<int32_t>(kernels::Unary::exp), 0, 0});
    in[4] = gate;
  }
  const Dim v_size = floor_div(v[2], Dim(heads));
  const SymShape shapes[2] = {{q[0], q[1], v_size * Dim(q_heads)},
                              {k[0], Dim(heads), Dim(k_size), v_size}};
  PlanValue out[2], given[2];
  for (size_t i = 0; i < 2; ++i) {
    const ValueId to = n.output(i);
    given[i] = to == graph::none ? absent : l.define_as(to, Layout::row_major);
    out[i] = given[i] != absent && l.at(given[i]).dtype == DType::f32
                 ? given[i]
                 : l.temporary(n.name, DType::f32, shapes[i]);
  }
  l.step(n, "linear_attention", std::move(in), {out[0], out[1]}, a);
  for (size_t i = 0; i < 2; ++i) {
    if (given[i] != absent && given[i] != out[i]) {
      l.add_step(n, "cast", {out[i]}, {given[i]}, {}, {});
    }
  }
  return {};
}

}  // namespace hone::plan
