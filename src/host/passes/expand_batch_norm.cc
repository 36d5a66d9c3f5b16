// expand_batch_norm: a BatchNormalization that no weights took becomes a product and a sum with a
// constant for each channel, which run as one step with what stands around them.

#include "host/passes/affine.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (!n.is("BatchNormalization") || !is_f32(g, n.output(0))) return std::nullopt;
  if (!g.fact(n.input(0)).has_rank() || g.fact(n.input(0)).rank() < 2) return std::nullopt;
  const Tensor* scale = g.constant(n.input(1));
  auto affine = scale != nullptr ? batch_norm_of(g, n, scale->count()) : std::nullopt;
  if (!affine) return std::nullopt;
  // [c, 1, 1]: one number for each channel of [n, c, h, w].
  Dims dims(static_cast<size_t>(g.fact(n.input(0)).rank() - 1), 1);
  dims[0] = scale->count();
  Tensor factors(DType::f32, dims), terms(DType::f32, dims);
  for (int64_t c = 0; c < scale->count(); ++c) {
    factors.set(c, affine->scale[static_cast<size_t>(c)]);
    terms.set(c, affine->shift[static_cast<size_t>(c)]);
  }
  if (!all_finite(factors) || !all_finite(terms)) return std::nullopt;
  Patch p(g, id);
  Node product, sum;
  product.op = "Mul";
  product.name = n.name;
  product.inputs = {n.input(0), p.constant(std::move(factors), n.name + "_scale")};
  sum.op = "Add";
  sum.name = n.name;
  sum.inputs = {p.add(std::move(product), {id}), p.constant(std::move(terms), n.name + "_shift")};
  p.replace(n.output(0), p.add(std::move(sum), {id}));
  p.remove(id);
  p.set_why(label(n) + " is a product and a sum");
  return p;
}

}  // namespace

extern const Pass expand_batch_norm;
const Pass expand_batch_norm{"expand_batch_norm",
                             "normalise batches by a product and a sum that fuse with others",
                             Stage::engine,
                             false,
                             propose,
                             nullptr};

}  // namespace hone::passes
