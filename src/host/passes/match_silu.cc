// match_silu: x * Sigmoid(x) is SiLU; x * HardSigmoid(x) of alpha 1/6 is hard-swish where the opset
// has no HardSwish of its own.

#include <cmath>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<Activation> gated(const Graph& g, const Node& gate) {
  auto act = activation_of(g, gate);
  if (act && act->name == "sigmoid") return Activation{"silu", 1, 0};
  bool hard = act && act->name == "hard_sigmoid" && std::abs(act->b - 0.5f) < 1e-6f &&
              std::abs(act->a - 1.0f / 6) < 1e-6f;
  if (hard) return Activation{"hard_swish"};
  return std::nullopt;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("Mul") || n.inputs.size() != 2 || !is_f32(g, n.output(0))) return std::nullopt;
  for (size_t i : {size_t{0}, size_t{1}}) {
    const Node* gate = g.producer_of(n.input(i));
    ValueId x = n.input(1 - i);
    if (gate == nullptr || gate->input(0) != x || gate->block != n.block) continue;
    auto act = gated(g, *gate);
    if (!act) continue;
    Patch p(g, id);
    Node made;
    made.op = "Activation";
    made.domain = graph::hone_domain;
    made.version = 1;
    made.inputs = {x};
    set_activation(made, *act);
    p.replace(n.output(0), p.add(std::move(made), {g.value(n.input(i)).producer, id}));
    p.remove(id);
    p.set_why(label(n) + " is " + act->name);
    return p;
  }
  return std::nullopt;
}

}  // namespace

extern const Pass match_silu;
const Pass match_silu{"match_silu", "recognise SiLU", Stage::engine, true, propose, nullptr};

}  // namespace hone::passes
