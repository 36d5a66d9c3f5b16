// GRU and RNN -> a gemm for what the inputs give to the gates, then family rnn for the recurrence.

#include "device/kernels/rnn/rnn.h"

#include <fmt/format.h>

#include "device/kernels/gemm/gemm.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::Act;

Status choose(const Node& n, std::vector<std::string> usual, int directions, kernels::RnnAttrs* a) {
  if (n.attributes.has("activation_alpha") || n.attributes.has("activation_beta")) {
    return unsupported(n.op + " with parameters of activations");
  }
  if (n.attributes.has("activations")) {
    usual = std::get<std::vector<std::string>>(*n.attributes.find("activations"));
  } else if (directions == 2) {
    const auto once = usual;
    usual.insert(usual.end(), once.begin(), once.end());
  }
  const size_t each = a->gates == 3 ? 2 : 1;
  Act* slots[2][2] = {{&a->f, &a->g}, {&a->f2, &a->g2}};
  for (size_t i = 0; i < usual.size() && i < each * static_cast<size_t>(directions); ++i) {
    const std::string& given = usual[i];
    if (given != "Sigmoid" && given != "Tanh" && given != "Relu") {
      return unsupported(fmt::format("{} with activation {}", n.op, given));
    }
    *slots[i / each][i % each] = given == "Sigmoid" ? Act::sigmoid
                                 : given == "Tanh"  ? Act::tanh
                                                    : Act::relu;
  }
  return {};
}

// The part of B [D, 2 width] that goes with the inputs (0) or with the recurrence (1), dense.
PlanValue half_of(Lowering& l, const Node& n, PlanValue bias, int half, const SymShape& shape) {
  if (bias == absent) return absent;
  PlanValue part = l.temporary(n.name, DType::f32, shape);
  const Dim width = shape[1];
  l.copy(n, l.view(bias, shape, {Dim(2) * width, Dim(1)}, Dim(half) * width), part);
  return part;
}

// The same of a constant, so that the gemm may pack it.
PlanValue constant_half(Lowering& l, const Tensor& bias, int half, int64_t directions,
                        int64_t width) {
  Tensor part(DType::f32, {directions, width});
  for (int64_t i = 0; i < part.count(); ++i) {
    part.set(i, bias.at((2 * (i / width) + half) * width + i % width));
  }
  return l.constant("bias", std::move(part));
}

// R [D, width, H] as [D, H, width].
Result<PlanValue> transposed(Lowering& l, const Node& n, const SymShape& shape) {
  HONE_ASSIGN(PlanValue r, l.use_as(n.input(2), Layout::row_major));
  if (const Tensor* t = l.graph().constant(n.input(2))) {
    const int64_t d = t->dims()[0], width = t->dims()[1], hidden = t->dims()[2];
    Tensor turned(DType::f32, {d, hidden, width});
    for (int64_t i = 0; i < turned.count(); ++i) {
      const int64_t gate = i % width, k = i / width % hidden, of = i / width / hidden;
      turned.set(i, t->at((of * width + gate) * hidden + k));
    }
    return l.constant("R", std::move(turned));
  }
  const Dim hidden = shape[1], width = shape[2];
  PlanValue turned = l.temporary(n.name, DType::f32, shape);
  l.copy(n, l.view(r, shape, {hidden * width, Dim(1), hidden}, 0), turned);
  return turned;
}

}  // namespace

Status lower_rnn(Lowering& l, const Node& n) {
  if (n.attributes.i("layout", 0) != 0) return unsupported(n.op + " with layout 1");
  const auto& fact = l.graph().fact(n.input(0));
  if (fact.dtype != DType::f32) return unsupported(n.op + " of f32 only");
  const SymShape &x = *fact.shape, &r = *l.graph().fact(n.input(2)).shape;
  if (!r[2].is_const() || !r[0].is_const() || r[2].value() > INT32_MAX) {
    return unsupported(n.op + " whose hidden size depends on the input");
  }
  kernels::RnnAttrs a{};
  a.hidden = static_cast<int32_t>(r[2].value());
  a.gates = n.is("GRU") ? 3 : 1;
  const std::string direction = n.attributes.s("direction", "forward");
  a.direction = direction == "forward" ? 0 : direction == "reverse" ? 1 : 2;
  a.clip = n.attributes.f("clip", 0);
  a.reset_last = static_cast<int32_t>(n.attributes.i("linear_before_reset", 0));
  const std::vector<std::string> gru = {"Sigmoid", "Tanh"}, rnn = {"Tanh"};
  HONE_RETURN_IF_ERROR(choose(n, n.is("GRU") ? gru : rnn, a.direction == 2 ? 2 : 1, &a));
  const int64_t d = r[0].value(), width = int64_t{a.gates} * a.hidden;
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue pw, l.use_as(n.input(1), Layout::row_major));
  HONE_ASSIGN(PlanValue pb, l.use_as(n.input(3), Layout::row_major));
  HONE_ASSIGN(PlanValue lens, l.use_as(n.input(4), Layout::row_major));
  HONE_ASSIGN(PlanValue h0, l.use_as(n.input(5), Layout::row_major));
  HONE_ASSIGN(PlanValue pr, transposed(l, n, {Dim(d), r[2], Dim(width)}));
  PlanValue halves[2];
  for (int half : {0, 1}) {
    const Tensor* bias = l.graph().constant(n.input(3));
    halves[half] = bias != nullptr ? constant_half(l, *bias, half, d, width)
                                   : half_of(l, n, pb, half, {Dim(d), Dim(width)});
  }
  if (halves[0] != absent) halves[0] = l.reshape_view(halves[0], {Dim(d * width)});
  const Dim rows = x[0] * x[1];
  PlanValue gates = l.temporary(n.name, DType::f32, {x[0], x[1], Dim(d * width)});
  kernels::GemmAttrs product{};
  product.alpha = 1, product.trans_b = 1;
  l.step(n, "gemm",
         {l.reshape_view(px, {rows, x[2]}), l.reshape_view(pw, {Dim(d * width), x[2]}), halves[0]},
         {l.reshape_view(gates, {rows, Dim(d * width)})}, product);
  std::vector<PlanValue> out;
  for (size_t i = 0; i < 2; ++i) {
    const ValueId v = n.output(i);
    out.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
  }
  if (out[1] == absent) out.pop_back();
  l.step(n, "rnn", {gates, pr, halves[1], h0, lens}, std::move(out), a);
  return {};
}

}  // namespace hone::plan
