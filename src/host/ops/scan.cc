// Operators along one axis: ArgMax, ArgMin, CumSum, CumProd.
#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- ArgMax, ArgMin
// -------------------------------------------------------------------------------

Status infer_arg(InferContext& ctx) {
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::i64);
    return {};
  }
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
  SymShape out = ctx.shape(0);
  if (ctx.node().attributes.i("keepdims", 1) != 0) {
    out[static_cast<size_t>(axis)] = Dim(1);
  } else {
    out.erase(out.begin() + axis);
  }
  ctx.set(0, DType::i64, std::move(out));
  return {};
}

template <bool Largest>
Status arg(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const bool last = ctx.node().attributes.i("select_last_index", 0) != 0;
  const Lines lines = lines_of(x.dims(), axis);
  if (lines.size == 0) return error(Code::shape_mismatch, "the axis is empty");
  Dims dims = x.dims();
  if (ctx.node().attributes.i("keepdims", 1) != 0) {
    dims[static_cast<size_t>(axis)] = 1;
  } else {
    dims.erase(dims.begin() + axis);
  }
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() -> Status {
    const std::vector<W> xs = load<W>(x);
    std::vector<int64_t> found;
    for (int64_t i = 0; i < lines.count; ++i) {
      const W* line = xs.data() + lines.first(i);
      int64_t best = 0;
      for (int64_t k = 1; k < lines.size; ++k) {
        const W v = line[k * lines.stride], top = line[best * lines.stride];
        if ((Largest ? v > top : v < top) || (last && v == top)) best = k;
      }
      found.push_back(best);
    }
    ctx.set(0, Tensor::of<int64_t>(dims, found));
    return {};
  });
}

// --- CumSum, CumProd
// -----------------------------------------------------------------------------------------

Status infer_cumsum(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(infer_same(ctx));
  const auto axis = ctx.ints(1);
  if (!axis && ctx.has_rank(0)) static_cast<void>(ctx.sizes(1));  // engines need it when binding
  if (!axis || axis->size() != 1 || !ctx.has_rank(0)) return {};
  return normal_axis((*axis)[0], ctx.in(0).rank()).status();
}

template <bool Product>
Status cumulate(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const int64_t given, scalar_int(ctx, 1));
  HONE_ASSIGN(const int axis, normal_axis(given, x.rank()));
  const bool exclusive = ctx.node().attributes.i("exclusive", 0) != 0;
  const bool reverse = ctx.node().attributes.i("reverse", 0) != 0;
  const Lines lines = lines_of(x.dims(), axis);
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() -> Status {
    std::vector<W> xs = load<W>(x);
    for (int64_t i = 0; i < lines.count; ++i) {
      W* line = xs.data() + lines.first(i);
      W sum = Product ? 1 : 0;
      for (int64_t k = 0; k < lines.size; ++k) {
        W& v = line[(reverse ? lines.size - 1 - k : k) * lines.stride];
        const W before = sum;
        sum = Product ? wrap_mul(sum, v) : wrap_add(sum, v);
        v = exclusive ? before : sum;
      }
    }
    ctx.set(0, store(x.dtype(), x.dims(), xs));
    return {};
  });
}

double input_flops(const Graph& graph, const Node& node) { return input_elements(graph, node); }

constexpr AttrSpec arg_1[] = {{"axis", AttrType::i}, {"keepdims", AttrType::i}};
constexpr AttrSpec arg_12[] = {
    {"axis", AttrType::i}, {"keepdims", AttrType::i}, {"select_last_index", AttrType::i}};
constexpr AttrSpec cumsum_attrs[] = {{"exclusive", AttrType::i}, {"reverse", AttrType::i}};
const OpDef defs[] = {
    {"", "ArgMax", 1, 1, 1, 1, 1, arg_1, infer_arg, arg<true>, input_flops, 0},
    {"", "ArgMax", 12, 1, 1, 1, 1, arg_12, infer_arg, arg<true>, input_flops, 0},
    {"", "ArgMin", 1, 1, 1, 1, 1, arg_1, infer_arg, arg<false>, input_flops, 0},
    {"", "ArgMin", 12, 1, 1, 1, 1, arg_12, infer_arg, arg<false>, input_flops, 0},
    {"", "CumSum", 11, 2, 2, 1, 1, cumsum_attrs, infer_cumsum, cumulate<false>, input_flops},
    {"", "CumProd", 26, 2, 2, 1, 1, cumsum_attrs, infer_cumsum, cumulate<true>, input_flops},
};

}  // namespace

std::span<const OpDef> scan_defs() { return defs; }

}  // namespace hone::ops
