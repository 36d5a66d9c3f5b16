// MatMul and Gemm.
#include "host/ops/matmul.h"

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"

namespace hone::ops {

// --- inference
// ------------------------------------------------------------------------------------

namespace {

// A matrix product's operand as [.., rows, columns]: a vector on the left is a row, on the right a
// column.
SymShape as_matrices(SymShape shape, bool left) {
  if (shape.size() == 1) shape.insert(left ? shape.begin() : shape.end(), Dim(1));
  return shape;
}

}  // namespace

Status infer_product(InferContext& ctx, bool trans_a, bool trans_b) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1));
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape a = as_matrices(ctx.shape(0), true), b = as_matrices(ctx.shape(1), false);
  if (trans_a) std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (trans_b) std::swap(b[b.size() - 1], b[b.size() - 2]);
  HONE_RETURN_IF_ERROR(check_equal(a.back(), b[b.size() - 2], "inner sizes of A and B"));
  const size_t rank = std::max(a.size(), b.size());
  SymShape out(rank - 2);
  for (size_t d = 0; d + 2 < rank; ++d) {
    const auto at = [rank, d](const SymShape& s) {
      return d + s.size() < rank ? Dim(1) : s[d + s.size() - rank];
    };
    HONE_ASSIGN(out[d], broadcast_dim(at(a), at(b)));
  }
  if (ctx.shape(0).size() > 1) out.push_back(a[a.size() - 2]);
  if (ctx.shape(1).size() > 1) out.push_back(b.back());
  ctx.set(0, t, std::move(out));
  return {};
}

double product_flops(const Graph& graph, const Node& node) {
  const ValueId a = node.input(0);
  if (a == graph::none || !graph.fact(a).has_rank() || graph.fact(a).rank() == 0) return 0;
  const SymShape& shape = *graph.fact(a).shape;
  const bool trans = node.attributes.i("transA", 0) != 0 || node.attributes.i("trans_a", 0) != 0;
  const Dim& inner = trans && shape.size() > 1 ? shape[shape.size() - 2] : shape.back();
  const double depth = inner.is_const() ? static_cast<double>(inner.value()) : 1;
  return 2 * depth * output_elements(graph, node);
}

// --- reference
// -------------------------------------------------------------------------------------

namespace {

struct Operand {
  Dims batch;
  int64_t rows, columns, row_stride, column_stride;
};

Operand operand(const Tensor& t, bool left, bool trans) {
  Dims dims = t.dims();
  if (dims.size() == 1) dims.insert(left ? dims.begin() : dims.end(), 1);
  const int64_t rows = dims[dims.size() - 2], columns = dims.back();
  dims.resize(dims.size() - 2);
  if (trans) return {dims, columns, rows, 1, columns};
  return {dims, rows, columns, columns, 1};
}

// y[m, n] = sum over k of a[m, k] b[k, n]; the inner loop runs along a row of y.
template <class W>
void multiply(const W* a, const Operand& ao, const W* b, const Operand& bo, W* y) {
  for (int64_t m = 0; m < ao.rows; ++m) {
    W* row = y + m * bo.columns;
    for (int64_t k = 0; k < ao.columns; ++k) {
      const W scale = a[m * ao.row_stride + k * ao.column_stride];
      const W* from = b + k * bo.row_stride;
      for (int64_t n = 0; n < bo.columns; ++n) {
        row[n] = wrap_add(row[n], wrap_mul(scale, from[n * bo.column_stride]));
      }
    }
  }
}

}  // namespace

template <class W>
Result<Product<W>> product(const Tensor& a, const Tensor& b, bool trans_a, bool trans_b) {
  if (a.rank() < 1 + trans_a || b.rank() < 1 + trans_b) {
    return error(Code::shape_mismatch, fmt::format("A {} and B {} are no matrices",
                                                   to_string(a.dims()), to_string(b.dims())));
  }
  const Operand ao = operand(a, true, trans_a), bo = operand(b, false, trans_b);
  if (ao.columns != bo.rows) {
    return error(Code::shape_mismatch, fmt::format("inner sizes of A {} and B {} differ",
                                                   to_string(a.dims()), to_string(b.dims())));
  }
  HONE_ASSIGN(const Dims batch, broadcast_dims(ao.batch, bo.batch));
  Product<W> y;
  y.dims = batch;
  if (a.rank() > 1) y.dims.push_back(ao.rows);
  if (b.rank() > 1) y.dims.push_back(bo.columns);
  HONE_RETURN_IF_ERROR(check_size(DType::f64, y.dims));
  y.values.resize(static_cast<size_t>(element_count(y.dims)));
  const std::vector<W> av = load<W>(a), bv = load<W>(b);
  const int64_t a_size = ao.rows * ao.columns, b_size = bo.rows * bo.columns;
  const int64_t y_size = ao.rows * bo.columns;
  Walk<2> walk(batch, {broadcast_strides(ao.batch, batch), broadcast_strides(bo.batch, batch)});
  const int64_t count = element_count(batch);
  for (int64_t i = 0; i < count && y_size != 0; ++i, walk.next()) {
    multiply(av.data() + walk.offset(0) * a_size, ao, bv.data() + walk.offset(1) * b_size, bo,
             y.values.data() + i * y_size);
  }
  return y;
}

template Result<Product<double>> product(const Tensor&, const Tensor&, bool, bool);
template Result<Product<int64_t>> product(const Tensor&, const Tensor&, bool, bool);
template Result<Product<uint64_t>> product(const Tensor&, const Tensor&, bool, bool);

namespace {

// --- MatMul
// ---------------------------------------------------------------------------------------

Status infer_matmul(InferContext& ctx) { return infer_product(ctx, false, false); }

Status matmul(RefContext& ctx) {
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  if (a.dtype() != b.dtype()) return bad_dtype(ctx.node(), b.dtype());
  return in_domain(ctx.node(), a.dtype(), [&]<class W>() -> Status {
    HONE_ASSIGN(const Product<W> y, product<W>(a, b, false, false));
    ctx.set(0, store(a.dtype(), y.dims, y.values));
    return {};
  });
}

// --- Gemm
// -------------------------------------------------------------------------------------------

bool flag(const Node& node, const char* name) { return node.attributes.i(name, 0) != 0; }

Status infer_gemm(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 0, 2));
  HONE_RETURN_IF_ERROR(infer_product(ctx, flag(ctx.node(), "transA"), flag(ctx.node(), "transB")));
  if (!ctx.has_rank(0) && !ctx.has_rank(1)) return {};
  const Fact* product = ctx.has_output(0) ? &ctx.graph().fact(ctx.node().outputs[0]) : nullptr;
  if (product == nullptr || !product->has_rank() || !ctx.has_input(2) || !ctx.has_rank(2)) {
    return {};
  }
  // C is broadcast to the product, not the other way round.
  const SymShape &c = ctx.shape(2), &y = *product->shape;
  for (size_t d = 0; d < c.size(); ++d) {
    if (c[d] == Dim(1)) continue;
    HONE_RETURN_IF_ERROR(check_equal(c[d], y[d + 2 - c.size()], "sizes of C and A B"));
  }
  return {};
}

template <class W>
Status gemm_in(RefContext& ctx) {
  const Node& node = ctx.node();
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  if (a.rank() != 2 || b.rank() != 2) return error(Code::shape_mismatch, "A and B need rank 2");
  HONE_ASSIGN(Product<W> y, product<W>(a, b, flag(node, "transA"), flag(node, "transB")));
  const auto alpha = static_cast<double>(node.attributes.f("alpha", 1));
  const auto beta = static_cast<double>(node.attributes.f("beta", 1));
  if (alpha != 1) {
    for (W& v : y.values) v = from_double<W>(alpha * static_cast<double>(v));
  }
  if (ctx.has_input(2)) {
    const Tensor& c = ctx.in(2);
    HONE_ASSIGN(const Dims dims, broadcast_dims(y.dims, c.dims()));
    if (dims != y.dims) return error(Code::shape_mismatch, "C cannot be broadcast to A B");
    const std::vector<W> cv = load<W>(c);
    Walk<1> walk(dims, {broadcast_strides(c.dims(), dims)});
    for (W& v : y.values) {
      const W add = cv[static_cast<size_t>(walk.offset())];
      v = wrap_add(v, beta == 1 ? add : from_double<W>(beta * static_cast<double>(add)));
      walk.next();
    }
  }
  ctx.set(0, store(a.dtype(), y.dims, y.values));
  return {};
}

Status gemm(RefContext& ctx) {
  const DType t = ctx.in(0).dtype();
  if (ctx.in(1).dtype() != t) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  return in_domain(ctx.node(), t, [&]<class W>() -> Status { return gemm_in<W>(ctx); });
}

constexpr AttrSpec gemm_attrs[] = {{"alpha", AttrType::f},
                                   {"beta", AttrType::f},
                                   {"transA", AttrType::i},
                                   {"transB", AttrType::i}};
const OpDef defs[] = {
    {"", "MatMul", 1, 2, 2, 1, 1, {}, infer_matmul, matmul, product_flops, 1e-4},
    {"", "Gemm", 7, 3, 3, 1, 1, gemm_attrs, infer_gemm, gemm, product_flops, 1e-4},
    {"", "Gemm", 11, 2, 3, 1, 1, gemm_attrs, infer_gemm, gemm, product_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> matmul_defs() { return defs; }

}  // namespace hone::ops
