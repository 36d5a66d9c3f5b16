// LSTM -> family lstm.

#include "device/kernels/lstm/lstm.h"

#include <fmt/format.h>

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::Act;

Result<Act> gate(const std::string& name) {
  if (name == "Sigmoid") return Act::sigmoid;
  if (name == "Tanh") return Act::tanh;
  if (name == "Relu") return Act::relu;
  return unsupported(fmt::format("LSTM with activation {}", name));
}

}  // namespace

Status lower_lstm(Lowering& l, const Node& n) {
  if (n.attributes.i("layout", 0) != 0) return unsupported("LSTM with layout 1");
  const auto& rf = l.graph().fact(n.input(2));
  if (l.graph().fact(n.input(0)).dtype != DType::f32) return unsupported("LSTM of f32 only");
  kernels::LstmAttrs a{};
  const Dim& hidden = (*rf.shape)[2];
  if (!hidden.is_const()) return unsupported("LSTM whose hidden size depends on the input");
  a.hidden = static_cast<int32_t>(hidden.value());
  std::string direction = n.attributes.s("direction", "forward");
  a.direction = direction == "forward" ? 0 : direction == "reverse" ? 1 : 2;
  a.clip = n.attributes.f("clip", 0);
  a.input_forget = static_cast<int32_t>(n.attributes.i("input_forget", 0));
  auto names = n.attributes.has("activations")
                   ? std::get<std::vector<std::string>>(*n.attributes.find("activations"))
                   : std::vector<std::string>{"Sigmoid", "Tanh", "Tanh", "Sigmoid", "Tanh", "Tanh"};
  names.resize(6, "Sigmoid");
  Act* slots[] = {&a.f, &a.g, &a.h, &a.f2, &a.g2, &a.h2};
  for (size_t i = 0; i < 6; ++i) {
    if (i >= 3 && a.direction != 2) break;
    HONE_ASSIGN(*slots[i], gate(names[i]));
  }
  const Dim& batch = (*l.graph().fact(n.input(0)).shape)[1];
  for (size_t i : {size_t{5}, size_t{6}}) {
    if (n.input(i) == graph::none) continue;
    l.check(Dim::apply(Dim::Op::equal, {batch, (*l.graph().fact(n.input(i)).shape)[1]}),
            fmt::format("LSTM '{}': the batch of X and of its initial state differ", n.name));
  }
  // ONNX: X W R B sequence_lens initial_h initial_c P; ours: x w r bias h0 c0 p lens.
  constexpr size_t order[] = {0, 1, 2, 3, 5, 6, 7, 4};
  std::vector<PlanValue> in, out;
  for (size_t i : order) {
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    in.push_back(v);
  }
  for (size_t i = 0; i < 3; ++i) {
    ValueId v = n.output(i);
    out.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
  }
  l.step(n, "lstm", std::move(in), std::move(out), a);
  return {};
}

}  // namespace hone::plan
