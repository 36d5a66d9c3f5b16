// fuse_binary: an activation behind Add, Sub, Mul, Div is applied as the result is written.

#include "host/passes/match.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  auto act = activation_of(g, n);
  const Node* b = act ? g.producer_of(n.input(0)) : nullptr;
  if (b == nullptr || b->block != n.block || !g.single_use(n.input(0))) return std::nullopt;
  if (!(b->is("Add") || b->is("Sub") || b->is("Mul") || b->is("Div"))) return std::nullopt;
  if (!is_f32(g, n.input(0)) || b->inputs.size() != 2) return std::nullopt;
  NodeId first = g.value(n.input(0)).producer;
  Patch p(g, id);
  Node made;
  made.op = "FusedBinary";
  made.domain = graph::hone_domain;
  made.version = 1;
  made.name = b->name;
  made.inputs = b->inputs;
  made.attributes.set("op", b->op);
  set_activation(made, *act);
  p.replace(n.output(0), p.add(std::move(made), {first, id}));
  p.remove(id);
  p.remove(first);
  p.set_why(label(*b) + " + " + label(n));
  return p;
}

}  // namespace

extern const Pass fuse_binary;
const Pass fuse_binary{"fuse_binary", "apply activations as a sum or product is written",
                       Stage::engine, true,
                       propose,       nullptr};

}  // namespace hone::passes
