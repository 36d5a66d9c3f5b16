// Operators of com.microsoft that are ONNX's own in another form: exporters wrote them before ONNX
// had the operator, or its types.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

graph::Attributes perm(std::vector<int64_t> order) {
  graph::Attributes a;
  a.set("perm", std::move(order));
  return a;
}

// --- the same operator --------------------------------------------------------------------------

std::vector<Fact> facts_of(const InferContext& ctx) {
  std::vector<Fact> facts;
  for (size_t i = 0; i < ctx.inputs(); ++i) facts.push_back(with_type(ctx.in(i), ctx.in(i).dtype));
  return facts;
}
Status run_same(RefContext& ctx, int64_t version) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < ctx.inputs(); ++i) inputs.push_back(ctx.in(i));
  const Node& node = ctx.node();
  HONE_ASSIGN(Tensor y, run_inner(ctx, {node.op.c_str(), version, node.attributes}, inputs));
  ctx.set(0, std::move(y));
  return {};
}
template <int64_t Version>
Status infer_same_op(InferContext& ctx) {
  const Node& node = ctx.node();
  const DType out = node.op == "DequantizeLinear" ? ctx.in(1).dtype
                    : node.op != "QuantizeLinear" ? ctx.in(0).dtype
                    : ctx.has_input(2)            ? ctx.in(2).dtype
                                                  : DType::u8;
  return infer_inner(ctx, {node.op.c_str(), Version, node.attributes}, facts_of(ctx), out);
}
template <int64_t Version>
Status run_same_op(RefContext& ctx) {
  return run_same(ctx, Version);
}

// --- Range: scalars may have one axis, delta may be absent --------------------------------------

Status infer_range(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  std::vector<double> v;
  for (size_t i = 0; i < 3; ++i) {
    const Tensor* t = ctx.constant(i);
    if (t != nullptr && t->count() == 1 && !is_complex(t->dtype()) && t->dtype() != DType::string) {
      v.push_back(t->at(0));
    } else if (i == 2 && !ctx.has_input(2)) {
      v.push_back(1);
    }
  }
  Dim size = ctx.unknown(0, 0);
  if (v.size() == 3 && v[2] != 0) {
    const double n = std::ceil((v[1] - v[0]) / v[2]);
    if (n <= 1e12) size = Dim(n > 0 ? static_cast<int64_t>(n) : 0);
  }
  ctx.set(0, ctx.in(0).dtype, {size});
  return {};
}
Status range(RefContext& ctx) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < 3; ++i) {
    if (!ctx.has_input(i)) {
      Tensor one(ctx.in(0).dtype(), {});
      one.set(0, 1);
      inputs.push_back(std::move(one));
    } else if (ctx.in(i).count() != 1) {
      return error(Code::shape_mismatch, "start, limit and delta are numbers");
    } else {
      inputs.push_back(ctx.in(i).reshaped({}));
    }
  }
  HONE_ASSIGN(Tensor y, run_inner(ctx, {"Range", 11, {}}, inputs));
  ctx.set(0, std::move(y));
  return {};
}

// --- ExpandDims ---------------------------------------------------------------------------------

Status infer_expand(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  const auto axis = ctx.ints(1);
  if (!axis || axis->size() != 1 || !ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape shape = ctx.shape(0);
  HONE_ASSIGN(const int at, normal_axis(axis->front(), static_cast<int>(shape.size()) + 1));
  shape.insert(shape.begin() + at, Dim(1));
  ctx.set(0, ctx.in(0).dtype, std::move(shape));
  return {};
}
Status expand(RefContext& ctx) {
  HONE_ASSIGN(const int64_t axis, scalar_int(ctx, 1));
  Dims dims = ctx.in(0).dims();
  HONE_ASSIGN(const int at, normal_axis(axis, static_cast<int>(dims.size()) + 1));
  dims.insert(dims.begin() + at, 1);
  ctx.set(0, ctx.in(0).reshaped(std::move(dims)));
  return {};
}

// --- Pad: of pads [1, 2 rank] too ---------------------------------------------------------------

Status infer_pad(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape shape = ctx.shape(0);
  const auto pads = ctx.ints(1);
  if (pads && pads->size() != 2 * shape.size()) return error(Code::shape_mismatch, "pads");
  for (size_t d = 0; d < shape.size(); ++d) {
    shape[d] = pads ? shape[d] + Dim((*pads)[d]) + Dim((*pads)[d + shape.size()])
                    : ctx.unknown(0, static_cast<int>(d));
  }
  ctx.set(0, ctx.in(0).dtype, std::move(shape));
  return {};
}
Status pad(RefContext& ctx) {
  std::vector<Tensor> inputs{ctx.in(0), ctx.in(1).reshaped({ctx.in(1).count()})};
  if (ctx.has_input(2))
    inputs.push_back(ctx.in(2).count() == 1 ? ctx.in(2).reshaped({}) : ctx.in(2));
  HONE_ASSIGN(Tensor y, run_inner(ctx, {"Pad", 13, ctx.node().attributes}, inputs));
  ctx.set(0, std::move(y));
  return {};
}

// --- Unique: in the order in which they occur ---------------------------------------------------

Status infer_unique(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 1));
  const Dim found = ctx.unknown(0, 0);
  ctx.set(0, ctx.in(0).dtype, {found});
  ctx.set(1, DType::i64, {ctx.has_rank(0) ? ctx.shape(0)[0] : ctx.unknown(1, 0)});
  ctx.set(2, DType::i64, {found});
  return {};
}
template <class W>
void find_unique(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  std::map<W, int64_t> places;
  std::vector<W> found;
  std::vector<int64_t> index, counts;
  for (W v : load<W>(x)) {
    const auto [at, fresh] = places.try_emplace(v, static_cast<int64_t>(found.size()));
    if (fresh) {
      found.push_back(v);
      counts.push_back(0);
    }
    ++counts[static_cast<size_t>(at->second)];
    index.push_back(at->second);
  }
  const auto n = static_cast<int64_t>(found.size());
  ctx.set(0, store(x.dtype(), {n}, found));
  ctx.set(1, Tensor::of<int64_t>({x.count()}, std::span<const int64_t>(index)));
  ctx.set(2, Tensor::of<int64_t>({n}, std::span<const int64_t>(counts)));
}
Status unique(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() != 1) return error(Code::shape_mismatch, "x is no vector");
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() {
    find_unique<W>(ctx);
    return Status();
  });
}

// --- NhwcMaxPool --------------------------------------------------------------------------------

// Channels from the last axis to the second, and back.
std::vector<int64_t> to_second(int rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), -1);
  order[0] = 0;
  order[1] = rank - 1;
  return order;
}
std::vector<int64_t> to_last(int rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 1);
  order[0] = 0;
  order.back() = 1;
  return order;
}
SymShape permuted(const SymShape& shape, const std::vector<int64_t>& order) {
  SymShape out;
  for (int64_t d : order) out.push_back(shape[static_cast<size_t>(d)]);
  return out;
}

Status infer_nhwc_pool(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  Fact x = with_type(ctx.in(0), DType::f32);
  if (x.has_rank()) x.shape = permuted(*x.shape, to_second(x.rank()));
  HONE_RETURN_IF_ERROR(
      infer_inner(ctx, {"MaxPool", 12, ctx.node().attributes}, {x}, ctx.in(0).dtype));
  if (!ctx.has_output(0)) return {};
  Fact y = ctx.graph().fact(ctx.node().outputs[0]);
  if (y.has_rank()) y.shape = permuted(*y.shape, to_last(y.rank()));
  ctx.set(0, std::move(y));
  return {};
}
Status nhwc_pool(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() < 3) return error(Code::shape_mismatch, "the rank is below 3");
  HONE_ASSIGN(const Tensor in, run_inner(ctx, {"Transpose", 13, perm(to_second(x.rank()))}, {x}));
  HONE_ASSIGN(const Tensor out, run_inner(ctx, {"MaxPool", 12, ctx.node().attributes}, {in}));
  HONE_ASSIGN(Tensor y, run_inner(ctx, {"Transpose", 13, perm(to_last(x.rank()))}, {out}));
  ctx.set(0, std::move(y));
  return {};
}

// --- RotaryEmbedding: X, positions, cosines, sines ----------------------------------------------

Status infer_rotary(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 4));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 3, 2, 2));
  return infer_same_float(ctx);
}

// One position is that of the first step.
Result<Tensor> positions(const Tensor& given, int64_t batch, int64_t steps) {
  const std::vector<int64_t> v = ints_of(given);
  if (given.dims() == Dims{batch, steps}) return given;
  if (v.size() != 1) return error(Code::shape_mismatch, "position_ids");
  std::vector<int64_t> out;
  for (int64_t i = 0; i < batch * steps; ++i) out.push_back(v[0] + i % steps);
  return Tensor::of<int64_t>({batch, steps}, std::span<const int64_t>(out));
}

Status rotary(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &cos = ctx.in(2);
  const graph::Attributes& given = ctx.node().attributes;
  if (given.i("is_packed_batching", 0) != 0) return unsupported("packed batches");
  if (given.f("scale", 1) != 1) return unsupported("a scale");
  if ((x.rank() != 3 && x.rank() != 4) || cos.rank() != 2) {
    return error(Code::shape_mismatch, "the ranks do not fit");
  }
  graph::Attributes a = without(given, {"is_packed_batching", "scale"});
  if (a.i("num_heads", 0) == 0 && x.rank() == 3) {
    const int64_t size = 2 * cos.dims()[1];
    if (size == 0 || x.dims()[2] % size != 0) return error(Code::shape_mismatch, "the heads' size");
    a.set("num_heads", x.dims()[2] / size);
  }
  HONE_ASSIGN(const Tensor at, positions(ctx.in(1), x.dims()[0], x.dims()[x.rank() == 4 ? 2 : 1]));
  HONE_ASSIGN(Tensor y, run_inner(ctx, {"RotaryEmbedding", 23, a}, {x, cos, ctx.in(3), at}));
  ctx.set(0, std::move(y));
  return {};
}

// --- Inverse ------------------------------------------------------------------------------------

Status infer_inverse(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  if (ctx.has_rank(0)) {
    const SymShape& s = ctx.shape(0);
    HONE_RETURN_IF_ERROR(check_equal(s[s.size() - 1], s[s.size() - 2], "rows and columns"));
  }
  return infer_same_float(ctx);
}

// Gauss and Jordan's elimination of n x n numbers, the largest of a column first.
Status invert(double* a, size_t n) {
  std::vector<double> e(n * n, 0.0);
  for (size_t i = 0; i < n; ++i) e[i * n + i] = 1;
  for (size_t c = 0; c < n; ++c) {
    size_t best = c;
    for (size_t r = c + 1; r < n; ++r) {
      if (std::fabs(a[r * n + c]) > std::fabs(a[best * n + c])) best = r;
    }
    if (a[best * n + c] == 0) return invalid("a matrix has no inverse");
    for (size_t k = 0; k < n; ++k) {
      std::swap(a[c * n + k], a[best * n + k]);
      std::swap(e[c * n + k], e[best * n + k]);
    }
    const double by = a[c * n + c];
    for (size_t k = 0; k < n; ++k) {
      a[c * n + k] /= by;
      e[c * n + k] /= by;
    }
    for (size_t r = 0; r < n; ++r) {
      const double times = a[r * n + c];
      for (size_t k = 0; r != c && k < n; ++k) {
        a[r * n + k] -= times * a[c * n + k];
        e[r * n + k] -= times * e[c * n + k];
      }
    }
  }
  std::copy(e.begin(), e.end(), a);
  return {};
}
Status inverse(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  if (x.rank() < 2 || x.dims().back() != x.dims()[x.dims().size() - 2]) {
    return error(Code::shape_mismatch, "no square matrices");
  }
  const auto n = static_cast<size_t>(x.dims().back());
  std::vector<double> y = load<double>(x);
  for (size_t at = 0; at < y.size(); at += n * n) {
    HONE_RETURN_IF_ERROR(invert(y.data() + at, n));
  }
  ctx.set(0, store(x.dtype(), x.dims(), y));
  return {};
}

// --- CDist --------------------------------------------------------------------------------------

Status infer_distances(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  for (size_t i = 0; i < 2; ++i) HONE_RETURN_IF_ERROR(check_rank(ctx, i, 2, 2));
  const bool known = ctx.has_rank(0) && ctx.has_rank(1);
  if (known) HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], ctx.shape(1)[1], "columns"));
  ctx.set(0, ctx.in(0).dtype,
          {ctx.has_rank(0) ? ctx.shape(0)[0] : ctx.unknown(0, 0),
           ctx.has_rank(1) ? ctx.shape(1)[0] : ctx.unknown(0, 1)});
  return {};
}
// Of each row of A to each row of B.
Status distances(RefContext& ctx) {
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  const std::string metric = ctx.node().attributes.s("metric", "sqeuclidean");
  if (metric != "euclidean" && metric != "sqeuclidean") {
    return unsupported("the metric '" + metric + "'");
  }
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), a));
  if (a.rank() != 2 || b.rank() != 2 || a.dims()[1] != b.dims()[1]) {
    return error(Code::shape_mismatch, "the rows differ in size");
  }
  const Dims dims = {a.dims()[0], b.dims()[0]};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<double> x = load<double>(a), z = load<double>(b);
  const auto width = static_cast<size_t>(a.dims()[1]);
  std::vector<double> y;
  for (size_t i = 0; i < static_cast<size_t>(dims[0]); ++i) {
    for (size_t j = 0; j < static_cast<size_t>(dims[1]); ++j) {
      double sum = 0;
      for (size_t k = 0; k < width; ++k) {
        const double d = x[i * width + k] - z[j * width + k];
        sum += d * d;
      }
      y.push_back(metric == "euclidean" ? std::sqrt(sum) : sum);
    }
  }
  ctx.set(0, store(a.dtype(), dims, y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* ms = microsoft;
constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec upper[] = {{"upper", AttrType::i}};
constexpr AttrSpec mode[] = {{"mode", AttrType::s}};
constexpr AttrSpec metric[] = {{"metric", AttrType::s}};
constexpr AttrSpec pool[] = {{"auto_pad", AttrType::s},     {"ceil_mode", AttrType::i},
                             {"dilations", AttrType::ints}, {"kernel_shape", AttrType::ints, true},
                             {"pads", AttrType::ints},      {"strides", AttrType::ints}};
constexpr AttrSpec rotary_attrs[] = {{"interleaved", AttrType::i},
                                     {"is_packed_batching", AttrType::i},
                                     {"num_heads", AttrType::i},
                                     {"rotary_embedding_dim", AttrType::i},
                                     {"scale", AttrType::f}};
const OpDef defs[] = {
    {ms, "QuantizeLinear", 1, 2, 3, 1, 1, axis, infer_same_op<21>, run_same_op<21>, nullptr},
    {ms, "DequantizeLinear", 1, 2, 3, 1, 1, axis, infer_same_op<21>, run_same_op<21>, nullptr},
    {ms, "Trilu", 1, 1, 2, 1, 1, upper, infer_same_op<14>, run_same_op<14>, no_flops},
    {ms, "GatherND", 1, 2, 2, 1, 1, {}, infer_same_op<12>, run_same_op<12>, no_flops},
    {ms, "Range", 1, 2, 3, 1, 1, {}, infer_range, range, no_flops},
    {ms, "ExpandDims", 1, 2, 2, 1, 1, {}, infer_expand, expand, no_flops},
    {ms, "Pad", 1, 2, 3, 1, 1, mode, infer_pad, pad, no_flops},
    {ms, "Unique", 1, 1, 1, 3, 3, {}, infer_unique, unique, no_flops},
    {ms, "NhwcMaxPool", 1, 1, 1, 1, 1, pool, infer_nhwc_pool, nhwc_pool, nullptr},
    {ms, "RotaryEmbedding", 1, 4, 4, 1, 1, rotary_attrs, infer_rotary, rotary, nullptr},
    {ms, "Inverse", 1, 1, 1, 1, 1, {}, infer_inverse, inverse, nullptr, 1e-3},
    {ms, "CDist", 1, 2, 2, 1, 1, metric, infer_distances, distances, nullptr, 1e-4},
};

}  // namespace

std::span<const OpDef> contrib_forms_defs() { return defs; }

}  // namespace hone::ops
