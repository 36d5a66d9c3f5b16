// Attention, QAttention and MultiHeadAttention of com.microsoft, into which ONNX Runtime's
// optimiser fuses transformers: projections, masks of padding and ONNX's Attention. Without a
// cache.
#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

Tensor wide(const Tensor& t) { return t ? store(DType::f64, t.dims(), load<double>(t)) : Tensor(); }

// What both operators come to.
struct Heads {
  Tensor q, k, v;        // [batch, steps, heads * size], f64
  Tensor padding, bias;  // absent: none
};

// 0 for keys that count, else the filter's value: of the padding's number of keys in each batch
// [batch], or a number above 0 for each that counts, [batch, keys] or [batch, steps, keys].
Result<Tensor> padding_mask(const RefContext& ctx, const Heads& h) {
  const auto fill = static_cast<double>(ctx.node().attributes.f("mask_filter_value", -10000.0f));
  const int64_t batch = h.k.dims()[0], keys = h.k.dims()[1], steps = h.q.dims()[1];
  const std::vector<int64_t> given = ints_of(h.padding);
  const Dims& d = h.padding.dims();
  std::vector<double> mask;
  if (d == Dims{batch}) {
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t t = 0; t < keys; ++t) {
        mask.push_back(t < given[static_cast<size_t>(b)] ? 0 : fill);
      }
    }
    return store(DType::f64, {batch, 1, 1, keys}, mask);
  }
  for (int64_t v : given) mask.push_back(v > 0 ? 0 : fill);
  if (d == Dims{batch, keys}) return store(DType::f64, {batch, 1, 1, keys}, mask);
  if (d == Dims{batch, steps, keys}) return store(DType::f64, {batch, 1, steps, keys}, mask);
  return unsupported("a mask of shape " + to_string(d));
}

Status attend(RefContext& ctx, const Heads& h, DType out) {
  const Node& node = ctx.node();
  if (h.q.rank() != 3 || h.k.rank() != 3 || h.v.rank() != 3) {
    return error(Code::shape_mismatch, "the ranks do not fit");
  }
  Tensor mask = wide(h.bias);
  if (h.padding) {
    HONE_ASSIGN(const Tensor padding, padding_mask(ctx, h));
    mask = padding;
    if (h.bias) {
      HONE_ASSIGN(mask, run_inner(ctx, {"Add", 14, {}}, {padding, wide(h.bias)}));
    }
  }
  graph::Attributes a;
  const int64_t heads = node.attributes.i("num_heads", 1);
  a.set("q_num_heads", heads);
  a.set("kv_num_heads", heads);
  const float scale = node.attributes.f("scale", 0);
  if (scale != 0) a.set("scale", scale);
  a.set("is_causal", node.attributes.i("unidirectional", 0));
  std::vector<Tensor> inputs{h.q, h.k, h.v};
  if (mask) inputs.push_back(mask);
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"Attention", 23, a}, inputs));
  ctx.set(0, store(out, y.dims(), load<double>(y)));
  return {};
}

// Columns [begin, begin + size) of the last axis.
Tensor columns(const Tensor& t, int64_t begin, int64_t size) {
  const int64_t all = t.dims().back();
  const std::vector<double> from = load<double>(t);
  std::vector<double> to;
  for (int64_t row = 0; row * all < t.count(); ++row) {
    const auto first = from.begin() + row * all + begin;
    to.insert(to.end(), first, first + size);
  }
  Dims dims = t.dims();
  dims.back() = size;
  return store(DType::f64, dims, to);
}

// --- Attention: input, weights, bias, mask_index, past, attention_bias, past_sequence_length
// ------

// Widths of the projections; empty where they do not fit.
std::vector<int64_t> widths(const Node& node, int64_t all) {
  std::vector<int64_t> sizes = node.attributes.ints("qkv_hidden_sizes");
  if (sizes.empty()) sizes.assign(3, all / 3);
  const bool fits = sizes.size() == 3 && sizes[0] >= 0 && sizes[1] == sizes[0] && sizes[2] >= 0 &&
                    sizes[0] <= all && sizes[2] <= all && sizes[0] + sizes[1] + sizes[2] == all;
  return fits ? sizes : std::vector<int64_t>();
}

Status check_heads(const Node& node) {
  const int64_t heads = node.attributes.i("num_heads", 0);
  if (heads < 1 || heads > INT32_MAX) return invalid(fmt::format("num_heads is {}", heads));
  return {};
}

// The cache that is handed on: the reference has none, but what reads it must know its type.
void infer_caches(InferContext& ctx, DType t) {
  for (size_t i = 1; i < ctx.outputs(); ++i) ctx.set_unranked(i, t);
}

Status infer_projected(InferContext& ctx, DType t) {
  infer_caches(ctx, t);
  HONE_RETURN_IF_ERROR(check_heads(ctx.node()));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 2));
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const SymShape& x = ctx.shape(0);
  HONE_RETURN_IF_ERROR(check_equal(x[2], ctx.shape(1)[0], "columns of the input and the weights"));
  const auto all = ctx.shape(1)[1].const_value();
  Dim width = floor_div(ctx.shape(1)[1], Dim(3));
  if (all) {
    const auto sizes = widths(ctx.node(), *all);
    if (sizes.empty()) return error(Code::shape_mismatch, "the projections' widths do not fit");
    width = Dim(sizes[2]);
  }
  ctx.set(0, t, {x[0], x[1], width});
  return {};
}

Status infer_attention(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  return infer_projected(ctx, ctx.in(0).dtype);
}

// Projects x by w, adds input 2 and attends; x and w are f64.
Status project(RefContext& ctx, const Tensor& x, const Tensor& w, const Tensor& padding,
               const Tensor& bias, DType out) {
  HONE_RETURN_IF_ERROR(check_heads(ctx.node()));
  if (ctx.has_output(1) || ctx.node().attributes.i("do_rotary", 0) != 0) {
    return unsupported("a cache or rotary embeddings");
  }
  if (x.rank() != 3 || w.rank() != 2) return error(Code::shape_mismatch, "the ranks do not fit");
  const auto sizes = widths(ctx.node(), w.dims()[1]);
  if (sizes.empty()) return error(Code::shape_mismatch, "the projections' widths do not fit");
  HONE_ASSIGN(Tensor all, run_inner(ctx, {"MatMul", 13, {}}, {x, w}));
  if (ctx.has_input(2)) {
    if (ctx.in(2).dims() != Dims{w.dims()[1]}) return error(Code::shape_mismatch, "the bias");
    HONE_ASSIGN(all, run_inner(ctx, {"Add", 14, {}}, {all, wide(ctx.in(2))}));
  }
  return attend(ctx,
                {columns(all, 0, sizes[0]), columns(all, sizes[0], sizes[1]),
                 columns(all, sizes[0] + sizes[1], sizes[2]), padding, bias},
                out);
}

Status attention(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  if (ctx.has_input(4)) return unsupported("a cache or rotary embeddings");
  return project(ctx, wide(ctx.in(0)), wide(ctx.in(1)), optional_input(ctx, 3),
                 optional_input(ctx, 5), ctx.in(0).dtype());
}

// --- QAttention: input, weights, bias, the input's scale, the weights', mask_index, the input's
// zero point, the weights', past -----

Status infer_quantised(InferContext& ctx) {
  for (size_t i : {0, 1}) HONE_RETURN_IF_ERROR(check_8bit(ctx, i));
  for (size_t i : {3, 6}) HONE_RETURN_IF_ERROR(check_scalar(ctx, i));
  return infer_projected(ctx, ctx.in(3).dtype);
}

Status quantised_attention(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &w = ctx.in(1);
  if (ctx.has_input(8)) return unsupported("a cache or rotary embeddings");
  if (x.rank() != 3 || w.rank() != 2) return error(Code::shape_mismatch, "the ranks do not fit");
  HONE_ASSIGN(const std::vector<double> values, dequantized(x, ctx.in(3), optional_input(ctx, 6)));
  HONE_ASSIGN(const Tensor kernel, centred(w, optional_input(ctx, 7), 1));
  HONE_ASSIGN(const PerElement scales, PerElement::of(ctx.in(4), w.dims(), 1, 1));
  std::vector<double> weights = load<double>(kernel);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= scales[static_cast<int64_t>(i)];
  return project(ctx, store(DType::f64, x.dims(), values), store(DType::f64, w.dims(), weights),
                 optional_input(ctx, 5), {}, ctx.in(3).dtype());
}

// --- MultiHeadAttention: query, key, value, bias, key_padding_mask, attention_bias, the cache
// -----

Status infer_multi_head(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_heads(ctx.node()));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3, 4));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 3, 4));
  const DType t = ctx.in(0).dtype;
  infer_caches(ctx, t);
  if (!ctx.has_rank(0) || !ctx.has_input(2) || !ctx.has_rank(2)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const SymShape &q = ctx.shape(0), &v = ctx.shape(2);
  ctx.set(0, t, {q[0], q[1], v.size() == 4 ? v[1] * v[3] : v[2]});
  return {};
}

// [batch, heads, steps, size] in rows; others as they are.
Result<Tensor> in_rows(const RefContext& ctx, const Tensor& t) {
  if (t.rank() != 4) return wide(t);
  graph::Attributes a;
  a.set("perm", std::vector<int64_t>{0, 2, 1, 3});
  HONE_ASSIGN(const Tensor turned, run_inner(ctx, {"Transpose", 13, a}, {wide(t)}));
  const Dims& d = turned.dims();
  return turned.reshaped({d[0], d[1], d[2] * d[3]});
}

Status multi_head(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  HONE_RETURN_IF_ERROR(check_heads(ctx.node()));
  if (!ctx.has_input(1) || !ctx.has_input(2) || ctx.in(0).rank() != 3) {
    return unsupported("packed operands");
  }
  for (size_t i = 6; i < 10; ++i) {
    if (ctx.has_input(i)) return unsupported("a cache");
  }
  if (ctx.has_output(1) || ctx.has_output(2)) return unsupported("a cache");
  Heads h;
  Tensor* operands[] = {&h.q, &h.k, &h.v};
  int64_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    HONE_ASSIGN(*operands[i], in_rows(ctx, ctx.in(i)));
    if (operands[i]->rank() != 3) return error(Code::shape_mismatch, "the ranks do not fit");
    if (!ctx.has_input(3)) continue;
    const int64_t size = operands[i]->dims().back();
    const Tensor& bias = ctx.in(3);
    if (bias.rank() != 1 || bias.count() < at + size) {
      return error(Code::shape_mismatch, "the bias does not fit");
    }
    if (ctx.in(i).rank() == 3) {  // by heads it has been added
      HONE_ASSIGN(*operands[i],
                  run_inner(ctx, {"Add", 14, {}}, {*operands[i], columns(wide(bias), at, size)}));
    }
    at += size;
  }
  h.padding = optional_input(ctx, 4);
  h.bias = optional_input(ctx, 5);
  return attend(ctx, h, ctx.in(0).dtype());
}

// --- table --------------------------------------------------------------------------------------

double projected_flops(const Graph& graph, const Node& node) {
  const ValueId w = node.input(1);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() != 2) return 0;
  const Dim& columns = (*graph.fact(w).shape)[1];
  return 2 * input_elements(graph, node) *
         (columns.is_const() ? static_cast<double>(columns.value()) : 1);
}
double twice_flops(const Graph& graph, const Node& node) {
  const ValueId k = node.input(1);
  if (k == graph::none || !graph.fact(k).has_rank() || graph.fact(k).rank() < 3) return 0;
  const SymShape& s = *graph.fact(k).shape;
  const Dim& steps = s[s.size() - 2];
  return 4 * input_elements(graph, node) *
         (steps.is_const() ? static_cast<double>(steps.value()) : 1);
}

constexpr AttrSpec attention_attrs[] = {{"do_rotary", AttrType::i},
                                        {"mask_filter_value", AttrType::f},
                                        {"num_heads", AttrType::i},
                                        {"past_present_share_buffer", AttrType::i},
                                        {"qkv_hidden_sizes", AttrType::ints},
                                        {"rotary_embedding_dim", AttrType::i},
                                        {"scale", AttrType::f},
                                        {"unidirectional", AttrType::i}};
constexpr AttrSpec quantised_attrs[] = {
    {"do_rotary", AttrType::i},       {"mask_filter_value", AttrType::f},
    {"num_heads", AttrType::i, true}, {"past_present_share_buffer", AttrType::i},
    {"scale", AttrType::f},           {"unidirectional", AttrType::i}};
constexpr AttrSpec multi_head_attrs[] = {{"mask_filter_value", AttrType::f},
                                         {"num_heads", AttrType::i},
                                         {"scale", AttrType::f},
                                         {"unidirectional", AttrType::i}};
const OpDef defs[] = {
    {microsoft, "Attention", 1, 2, 7, 1, 2, attention_attrs, infer_attention, attention,
     projected_flops, 1e-4},
    {microsoft, "QAttention", 1, 5, 9, 1, 2, quantised_attrs, infer_quantised, quantised_attention,
     projected_flops, 1e-4},
    {microsoft, "MultiHeadAttention", 1, 1, 10, 1, 4, multi_head_attrs, infer_multi_head,
     multi_head, twice_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> contrib_attention_defs() { return defs; }

}  // namespace hone::ops
