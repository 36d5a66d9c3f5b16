// ai.onnx.preview FlexAttention: attention whose scores and probabilities two graphs may change.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

BlockId block_of(const Graph& graph, const Node& node, const char* name) {
  for (BlockId b : node.blocks) {
    if (graph.block(b).name == name) return b;
  }
  return graph::none;
}

// What the softmax and the two graphs compute in.
Result<DType> inner_type(const Node& node, DType x) {
  const auto t = static_cast<DType>(node.attributes.i("softmax_precision", 0));
  if (t == DType::none) return x == DType::f64 ? DType::f64 : DType::f32;
  if (t != DType::f32 && t != DType::f64 && t != DType::f16 && t != DType::bf16) {
    return invalid("softmax_precision");
  }
  return t;
}

Status infer_block_of(InferContext& ctx, const char* name, const Fact& scores) {
  const BlockId b = block_of(ctx.graph(), ctx.node(), name);
  if (b == graph::none) return {};
  const std::vector<ValueId> inputs = ctx.graph().block(b).inputs;
  if (inputs.size() != 1 || ctx.graph().block(b).outputs.size() != 1) {
    return invalid(fmt::format("{} has other than one input and one output", name));
  }
  ctx.graph().set_fact(inputs[0], scores);
  return infer_block(ctx.graph(), b);
}

// Q [b, heads, l, e], K [b, kv heads, s, e], V [b, kv heads, s, ev].
Status infer(InferContext& ctx) {
  for (size_t i = 0; i < 3; ++i) HONE_RETURN_IF_ERROR(check_rank(ctx, i, 4, 4));
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_ASSIGN(const DType inner, inner_type(ctx.node(), ctx.in(0).dtype));
  Fact scores{.dtype = inner, .shape = {}, .content = {}};
  if (!ctx.has_rank(0) || !ctx.has_rank(1) || !ctx.has_rank(2)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
  } else {
    const SymShape &q = ctx.shape(0), &k = ctx.shape(1), &v = ctx.shape(2);
    HONE_RETURN_IF_ERROR(check_equal(q[3], k[3], "widths of Q and K"));
    HONE_RETURN_IF_ERROR(check_equal(k[2], v[2], "lengths of K and V"));
    HONE_RETURN_IF_ERROR(check_equal(k[1], v[1], "heads of K and V"));
    scores.shape = SymShape{q[0], q[1], q[2], k[2]};
    ctx.set(0, ctx.in(0).dtype, {q[0], q[1], q[2], v[3]});
  }
  HONE_RETURN_IF_ERROR(infer_block_of(ctx, "score_mod", scores));
  return infer_block_of(ctx, "prob_mod", scores);
}

struct Sizes {
  int64_t batch, heads, shared, rows, columns, width, out;
};
Result<Sizes> sizes_of(const RefContext& ctx) {
  for (size_t i = 0; i < 3; ++i) {
    if (ctx.in(i).rank() != 4) return error(Code::shape_mismatch, "Q, K and V have four axes");
  }
  const Dims &q = ctx.in(0).dims(), &k = ctx.in(1).dims(), &v = ctx.in(2).dims();
  const bool fits = k[0] == q[0] && v[0] == q[0] && k[1] == v[1] && k[2] == v[2] && k[3] == q[3];
  if (!fits || k[1] < 1 || q[1] % k[1] != 0) {
    return error(Code::shape_mismatch, "Q, K and V do not fit one another");
  }
  return Sizes{q[0], q[1], q[1] / k[1], q[2], k[2], q[3], v[3]};
}

// The tensor, or what a graph makes of it.
Result<Tensor> changed(RefContext& ctx, const char* name, Tensor t) {
  const BlockId b = block_of(ctx.graph(), ctx.node(), name);
  if (b == graph::none) return t;
  const Dims dims = t.dims();
  const DType type = t.dtype();
  HONE_ASSIGN(std::vector<Tensor> out, ctx.run_block(b, {std::move(t)}));
  if (out.size() != 1 || !out[0].is_plain() || out[0].dims() != dims || out[0].dtype() != type) {
    return error(Code::shape_mismatch, std::string(name) + " changes the type or the shape");
  }
  return out[0];
}

std::vector<double> scores_of(const RefContext& ctx, const Sizes& s) {
  const DType t = ctx.in(0).dtype();
  const auto given = static_cast<double>(
      ctx.node().attributes.f("scale", 1 / std::sqrt(static_cast<float>(s.width))));
  // Both operands are scaled, and rounded to their type, as are the products.
  const double scale = round_to(t, std::sqrt(given));
  std::vector<double> q = load<double>(ctx.in(0)), k = load<double>(ctx.in(1));
  for (double& v : q) v = round_to(t, v * scale);
  for (double& v : k) v = round_to(t, v * scale);
  std::vector<double> y;
  for (int64_t h = 0; h < s.batch * s.heads; ++h) {
    for (int64_t r = 0; r < s.rows; ++r) {
      for (int64_t c = 0; c < s.columns; ++c) {
        double sum = 0;
        for (int64_t e = 0; e < s.width; ++e) {
          sum += q[static_cast<size_t>((h * s.rows + r) * s.width + e)] *
                 k[static_cast<size_t>((h / s.shared * s.columns + c) * s.width + e)];
        }
        y.push_back(round_to(t, sum));
      }
    }
  }
  return y;
}

void softmax(std::vector<double>* x, int64_t size) {
  for (auto row = x->begin(); size > 0 && row != x->end(); row += size) {
    const double most = *std::max_element(row, row + size);
    double sum = 0;
    for (auto v = row; v != row + size; ++v) sum += * v = std::exp(*v - most);
    for (auto v = row; v != row + size; ++v) *v /= sum;
  }
}

Status run(RefContext& ctx) {
  HONE_ASSIGN(const Sizes s, sizes_of(ctx));
  HONE_ASSIGN(const DType inner, inner_type(ctx.node(), ctx.in(0).dtype()));
  const Dims dims{s.batch, s.heads, s.rows, s.columns};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  HONE_ASSIGN(Tensor scores, changed(ctx, "score_mod", store(inner, dims, scores_of(ctx, s))));
  std::vector<double> p = load<double>(scores);
  softmax(&p, s.columns);
  HONE_ASSIGN(const Tensor probabilities, changed(ctx, "prob_mod", store(inner, dims, p)));
  p = load<double>(probabilities);
  const std::vector<double> v = load<double>(ctx.in(2));
  const Dims out{s.batch, s.heads, s.rows, s.out};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, out));
  std::vector<double> y(static_cast<size_t>(element_count(out)), 0.0);
  for (int64_t i = 0; i < s.batch * s.heads * s.rows; ++i) {
    const int64_t kv = i / s.rows / s.shared * s.columns;
    for (int64_t c = 0; c < s.columns; ++c) {
      const double w = p[static_cast<size_t>(i * s.columns + c)];
      for (int64_t e = 0; e < s.out; ++e) {
        y[static_cast<size_t>(i * s.out + e)] += w * v[static_cast<size_t>((kv + c) * s.out + e)];
      }
    }
  }
  ctx.set(0, store(ctx.in(2).dtype(), out, y));
  return {};
}

constexpr AttrSpec attrs[] = {{"prob_mod", AttrType::graph},
                              {"scale", AttrType::f},
                              {"score_mod", AttrType::graph},
                              {"softmax_precision", AttrType::i}};
const OpDef defs[] = {
    {"ai.onnx.preview", "FlexAttention", 1, 3, 3, 1, 1, attrs, infer, run, nullptr}};

}  // namespace

std::span<const OpDef> flex_attention_defs() { return defs; }

}  // namespace hone::ops
