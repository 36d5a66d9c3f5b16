// merge_projections: three or more matrix products of one value with constant weights (queries,
// keys and values) are one product with the weights side by side, and a Split; their biases go
// along. The value is read once, and the parts stay views.

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

constexpr size_t fewest = 3;  // of two, product and Split would be no fewer nodes

struct Projection {
  NodeId product = graph::none, sum = graph::none;  // the bias's Add; none: no bias
  const Tensor* weights = nullptr;
  const Tensor* bias = nullptr;
  ValueId out = graph::none;
  int64_t columns() const { return weights->dims()[1]; }
};

// The Add behind the product, where that is all that reads it and adds one number per column.
void take_bias(const Graph& g, Projection* p) {
  const ValueId v = p->out;
  if (!g.single_use(v)) return;
  const NodeId user = g.users(v).front();
  const Node& n = g.node(user);
  auto operands =
      n.is("Add") && n.block == g.node(p->product).block ? with_constant(g, n) : std::nullopt;
  const bool row = operands && operands->constant->count() == p->columns() &&
                   operands->constant->dtype() == DType::f32 &&
                   operands->constant->dims().back() == p->columns() &&
                   same_shape(g, v, n.output(0));
  if (!row) return;
  p->sum = user;
  p->bias = operands->constant;
  p->out = n.output(0);
}

std::optional<Projection> projection(const Graph& g, NodeId id, ValueId x) {
  const Node& n = g.node(id);
  if (!n.is("MatMul") || n.input(0) != x) return std::nullopt;
  const Tensor* w = g.constant(n.input(1));
  // A second reader would keep the old weights beside the new ones.
  if (w == nullptr || w->dtype() != DType::f32 || w->rank() != 2 || !g.single_use(n.input(1))) {
    return std::nullopt;
  }
  Projection p{id, graph::none, w, nullptr, n.output(0)};
  take_bias(g, &p);
  return p;
}

// In the order they stand in the block.
std::vector<Projection> projections_of(const Graph& g, ValueId x, graph::BlockId block) {
  const std::vector<NodeId> users = g.users(x);
  std::vector<Projection> found;
  for (NodeId id : g.block(block).nodes) {
    if (std::find(users.begin(), users.end(), id) == users.end()) continue;
    if (auto p = projection(g, id, x)) found.push_back(*p);
  }
  return found;
}

Tensor side_by_side(const std::vector<Projection>& parts, int64_t columns) {
  const int64_t rows = parts[0].weights->dims()[0];
  Tensor all(DType::f32, {rows, columns});
  auto to = all.as_mutable<float>();
  int64_t at = 0;
  for (const Projection& p : parts) {
    auto from = p.weights->as<float>();
    for (int64_t r = 0; r < rows; ++r) {
      std::copy_n(from.begin() + r * p.columns(), p.columns(), to.begin() + r * columns + at);
    }
    at += p.columns();
  }
  return all;
}

Tensor all_biases(const std::vector<Projection>& parts, int64_t columns) {
  Tensor all(DType::f32, {columns});
  auto to = all.as_mutable<float>().begin();
  for (const Projection& p : parts) {
    if (p.bias != nullptr) std::copy_n(p.bias->as<float>().begin(), p.columns(), to);
    to += p.columns();
  }
  return all;
}

std::vector<ValueId> split(const Graph& g, Patch& p, ValueId v,
                           const std::vector<Projection>& parts,
                           const std::vector<NodeId>& origins) {
  std::vector<int64_t> sizes;
  for (const Projection& part : parts) sizes.push_back(part.columns());
  Node n;
  n.op = "Split";
  n.inputs = {v};
  n.attributes.set("axis", int64_t{-1});
  if (g.opset() < 13) {
    n.attributes.set("split", sizes);
  } else {
    const auto count = static_cast<int64_t>(sizes.size());
    n.inputs.push_back(p.constant(Tensor::of<int64_t>({count}, sizes), "split_sizes"));
  }
  return p.add_multi(std::move(n), parts.size(), origins);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("MatMul") || n.input(0) == graph::none || !g.fact(n.output(0)).has_rank()) {
    return std::nullopt;
  }
  const std::vector<Projection> parts = projections_of(g, n.input(0), n.block);
  if (parts.size() < fewest || parts[0].product != id) return std::nullopt;
  int64_t columns = 0;
  std::vector<NodeId> origins;
  std::string why;
  for (const Projection& part : parts) {
    columns += part.columns();
    origins.push_back(part.product);
    if (part.sum != graph::none) origins.push_back(part.sum);
    why += (why.empty() ? "" : " + ") + label(g.node(part.product));
  }
  const bool biased = origins.size() > parts.size();
  Patch p(g, id);
  Node product;
  product.op = "MatMul";
  product.inputs = {n.input(0), p.constant(side_by_side(parts, columns), g.value(n.input(1)).name)};
  ValueId v = p.add(std::move(product), origins);
  if (biased) {
    Node sum;
    sum.op = "Add";
    sum.inputs = {v, p.constant(all_biases(parts, columns), n.name + "_bias")};
    v = p.add(std::move(sum), origins);
  }
  const std::vector<ValueId> out = split(g, p, v, parts, origins);
  for (size_t i = 0; i < parts.size(); ++i) p.replace(parts[i].out, out[i]);
  for (NodeId gone : origins) p.remove(gone);
  p.set_why(why);
  return p;
}

}  // namespace

extern const Pass merge_projections;
const Pass merge_projections{"merge_projections",
                             "merge matrix products of one value",
                             Stage::standard,
                             true,
                             propose,
                             nullptr};

}  // namespace hone::passes
