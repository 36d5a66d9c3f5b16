// fold_scale: arithmetic with one number per column (or one in all) behind a Gemm or a MatMul, its
// bias between them or not, becomes part of the constant weights and bias. In double, rounded once.

#include "host/passes/affine.h"

namespace hone::passes {

namespace {

struct Columns {
  const Tensor* weights;  // of a matrix product
  bool rows;              // the columns of the product are rows of the weights
  int64_t count;
};

std::optional<Columns> columns_of(const Graph& g, const Node& n) {
  const bool gemm = n.is("Gemm");
  if (!gemm && !n.is("MatMul")) return std::nullopt;
  const Tensor* w = g.constant(n.input(1));
  // A second reader would keep the old weights beside the new ones.
  if (w == nullptr || w->dtype() != DType::f32 || w->rank() != 2 || !g.single_use(n.input(1))) {
    return std::nullopt;
  }
  if (gemm && n.version < 7) return std::nullopt;  // C does not broadcast unless told to
  const bool rows = gemm && n.attributes.i("transB", 0) != 0;
  return Columns{w, rows, w->dims()[rows ? 0 : 1]};
}

Tensor scaled(const Columns& columns, const std::vector<double>& scale) {
  const Tensor& w = *columns.weights;
  Tensor made(DType::f32, w.dims());
  const int64_t inner = w.dims()[1];
  for (int64_t i = 0; i < w.count(); ++i) {
    const int64_t column = columns.rows ? i / inner : i % inner;
    made.set(i, w.at(i) * scale[static_cast<size_t>(column)]);
  }
  return made;
}

bool changes_scale(const Affine& a) {
  for (double s : a.scale) {
    if (s != 1) return true;
  }
  return false;
}

// A Gemm's C as one number per column, times beta; zeros where there is none.
std::optional<std::vector<double>> bias_of(const Graph& g, const Node& gemm, int64_t columns) {
  std::vector<double> bias(static_cast<size_t>(columns), 0);
  if (gemm.input(2) == graph::none) return bias;
  const Tensor* c = g.constant(gemm.input(2));
  const bool row =
      c != nullptr && (c->count() == 1 || (c->count() == columns && c->dims().back() == columns));
  if (!row) return std::nullopt;
  const auto beta = static_cast<double>(gemm.attributes.f("beta", 1));
  for (int64_t i = 0; i < columns; ++i) {
    bias[static_cast<size_t>(i)] = beta * c->at(c->count() == 1 ? 0 : i);
  }
  return bias;
}

Tensor row_of(const std::vector<double>& values) {
  Tensor t(DType::f32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) t.set(static_cast<int64_t>(i), values[i]);
  return t;
}

// act: alpha A B + bias, then x scale + shift.
std::optional<Patch> behind_gemm(const Graph& g, NodeId id, NodeId gemm_id, const Columns& columns,
                                 const Affine& affine) {
  const Node &n = g.node(id), &gemm = g.node(gemm_id);
  auto bias = bias_of(g, gemm, columns.count);
  if (!bias) return std::nullopt;
  for (size_t i = 0; i < bias->size(); ++i) {
    (*bias)[i] = (*bias)[i] * affine.scale[i] + affine.shift[i];
  }
  Tensor weights = scaled(columns, affine.scale), row = row_of(*bias);
  if (!all_finite(weights) || !all_finite(row)) return std::nullopt;
  Patch p(g, id);
  Node made = gemm;
  made.op = "Gemm";
  made.version = g.opset();
  made.origin.clear();
  if (changes_scale(affine)) {
    made.inputs[1] = p.constant(std::move(weights), g.value(gemm.input(1)).name);
  }
  made.inputs.resize(3, graph::none);
  made.inputs[2] = p.constant(std::move(row), gemm.name + "_bias");
  made.attributes.erase("beta");
  p.replace(n.output(0), p.add(std::move(made), {gemm_id, id}));
  p.remove(id);
  p.remove(gemm_id);
  p.set_why(label(gemm) + " + " + label(n));
  return p;
}

std::optional<Patch> behind_matmul(const Graph& g, NodeId id, NodeId product_id,
                                   const Columns& columns, const Affine& affine) {
  const Node &n = g.node(id), &product = g.node(product_id);
  // A shift is a bias: make_gemm's and fuse_gemm's.
  if (!changes_scale(affine)) return std::nullopt;
  for (double s : affine.shift) {
    if (s != 0) return std::nullopt;
  }
  Tensor weights = scaled(columns, affine.scale);
  if (!all_finite(weights)) return std::nullopt;
  Patch p(g, id);
  Node made = product;
  made.origin.clear();
  made.inputs[1] = p.constant(std::move(weights), g.value(product.input(1)).name);
  p.replace(n.output(0), p.add(std::move(made), {product_id, id}));
  p.remove(id);
  p.remove(product_id);
  p.set_why(label(product) + " + " + label(n));
  return p;
}

// (A B + bias) scale = A (B scale) + bias scale.
std::optional<Patch> behind_bias(const Graph& g, NodeId id, NodeId sum_id) {
  const Node &n = g.node(id), &sum = g.node(sum_id);
  auto operands = sum.is("Add") ? with_constant(g, sum) : std::nullopt;
  const Node* product = operands ? g.producer_of(operands->value) : nullptr;
  if (product == nullptr || product->block != n.block || !g.single_use(operands->value)) {
    return std::nullopt;
  }
  auto columns = product->is("MatMul") ? columns_of(g, *product) : std::nullopt;
  if (!columns || !g.fact(sum.output(0)).has_rank()) return std::nullopt;
  const int axis = g.fact(sum.output(0)).rank() - 1;
  auto shift = affine_of(g, sum, axis, columns->count),
       scale = affine_of(g, n, axis, columns->count);
  if (!shift || !scale || !changes_scale(*scale)) return std::nullopt;
  for (size_t i = 0; i < scale->scale.size(); ++i) {
    shift->shift[i] = shift->shift[i] * scale->scale[i] + scale->shift[i];
  }
  Tensor weights = scaled(*columns, scale->scale), row = row_of(shift->shift);
  if (!all_finite(weights) || !all_finite(row)) return std::nullopt;
  const NodeId product_id = g.value(operands->value).producer;
  Patch p(g, id);
  Node made = *product, added = sum;
  made.origin.clear();
  added.origin.clear();
  made.inputs[1] = p.constant(std::move(weights), g.value(product->input(1)).name);
  added.inputs = {p.add(std::move(made), {product_id}),
                  p.constant(std::move(row), sum.name + "_bias")};
  p.replace(n.output(0), p.add(std::move(added), {sum_id, id}));
  for (NodeId gone : {id, sum_id, product_id}) p.remove(gone);
  p.set_why(label(*product) + " + " + label(sum) + " + " + label(n));
  return p;
}

// A BatchNormalization of rows: their columns are the channels. A MatMul becomes a Gemm, which has
// a place for the bias.
std::optional<Patch> normalised(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Node* product = g.producer_of(n.input(0));
  if (product == nullptr || product->block != n.block || !g.single_use(n.input(0))) {
    return std::nullopt;
  }
  auto columns = columns_of(g, *product);
  for (ValueId v : {product->input(0), n.input(0)}) {
    if (!g.fact(v).has_rank() || g.fact(v).rank() != 2) return std::nullopt;
  }
  auto affine = columns ? batch_norm_of(g, n, columns->count) : std::nullopt;
  if (!affine) return std::nullopt;
  return behind_gemm(g, id, g.value(n.input(0)).producer, *columns, *affine);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (n.is("BatchNormalization")) return normalised(g, id);
  auto operands = with_constant(g, n);
  const Node* before = operands ? g.producer_of(operands->value) : nullptr;
  if (before == nullptr || before->block != n.block || !g.single_use(operands->value)) {
    return std::nullopt;
  }
  if (!is_f32(g, n.output(0)) || !g.fact(operands->value).has_rank()) return std::nullopt;
  const NodeId before_id = g.value(operands->value).producer;
  if (before->is("Add")) return behind_bias(g, id, before_id);
  auto columns = columns_of(g, *before);
  const int rank = g.fact(operands->value).rank();
  if (!columns || rank == 0) return std::nullopt;
  auto affine = affine_of(g, n, rank - 1, columns->count);
  if (!affine) return std::nullopt;
  return before->is("Gemm") ? behind_gemm(g, id, before_id, *columns, *affine)
                            : behind_matmul(g, id, before_id, *columns, *affine);
}

}  // namespace

extern const Pass fold_scale;
const Pass fold_scale{"fold_scale",    "fold arithmetic into the weights of matrix products",
                      Stage::standard, false,
                      propose,         nullptr};

}  // namespace hone::passes
