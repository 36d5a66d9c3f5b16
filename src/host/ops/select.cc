// Where, and the functions of any number of inputs: Min, Max, Sum, Mean.
#include <algorithm>

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- Where
// ----------------------------------------------------------------------------------------

void where_content(InferContext& ctx) {
  const auto c = ctx.content(0), x = ctx.content(1), y = ctx.content(2);
  if (!c || !x || !y || c->empty() || x->empty() || y->empty()) return;
  const size_t n = std::max({c->size(), x->size(), y->size()});
  const auto at = [n](const std::vector<Dim>& v, size_t i) { return v[v.size() == n ? i : 0]; };
  for (const auto* v : {&*c, &*x, &*y}) {
    if (v->size() != n && v->size() != 1) return;
  }
  std::vector<Dim> out;
  for (size_t i = 0; i < n; ++i) {
    const Dim condition = at(*c, i);
    if (condition.is_const()) {
      out.push_back(condition.value() != 0 ? at(*x, i) : at(*y, i));
    } else {
      out.push_back(Dim::apply(Dim::Op::select, {condition, at(*x, i), at(*y, i)}));
    }
  }
  ctx.set_content(0, std::move(out));
}

Status infer_where(InferContext& ctx) {
  const DType c = ctx.in(0).dtype;
  if (c != DType::none && c != DType::boolean) {
    return invalid(fmt::format("the condition has type {}, not bool", name(c)));
  }
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx, 1));
  const DType t = ctx.in(1).dtype != DType::none ? ctx.in(1).dtype : ctx.in(2).dtype;
  HONE_ASSIGN(auto out, broadcast_inputs(ctx));
  if (!out) {
    ctx.set_unranked(0, t);
    return {};
  }
  ctx.set(0, t, std::move(*out));
  where_content(ctx);
  return {};
}

Status where(RefContext& ctx) {
  const Tensor &c = ctx.in(0), &x = ctx.in(1), &y = ctx.in(2);
  if (c.dtype() != DType::boolean) return bad_dtype(ctx.node(), c.dtype());
  if (x.dtype() != y.dtype()) return bad_dtype(ctx.node(), y.dtype());
  HONE_ASSIGN(const Dims both, broadcast_dims(x.dims(), y.dims()));
  HONE_ASSIGN(const Dims dims, broadcast_dims(both, c.dims()));
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), dims));
  Mover mover(x.dtype(), dims);
  Walk<3> walk(dims, {broadcast_strides(c.dims(), dims), broadcast_strides(x.dims(), dims),
                      broadcast_strides(y.dims(), dims)});
  const int64_t count = element_count(dims);
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    const bool first = c.int_at(walk.offset(0)) != 0;
    mover.put(i, first ? x : y, walk.offset(first ? 1 : 2));
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- variadic
// ---------------------------------------------------------------------------------------

using Fold = Dim (*)(const Dim&, const Dim&);

Dim fold_min(const Dim& a, const Dim& b) { return min(a, b); }
Dim fold_max(const Dim& a, const Dim& b) { return max(a, b); }
Dim fold_sum(const Dim& a, const Dim& b) { return a + b; }

void fold_content(InferContext& ctx, Fold fold) {
  auto out = ctx.content(0);
  for (size_t i = 1; out && i < ctx.inputs(); ++i) {
    const auto next = ctx.content(i);
    if (!next || out->empty() || next->empty()) return;
    const size_t n = std::max(out->size(), next->size());
    if ((out->size() != n && out->size() != 1) || (next->size() != n && next->size() != 1)) return;
    out->resize(n, out->front());
    for (size_t k = 0; k < n; ++k) (*out)[k] = fold((*out)[k], (*next)[next->size() == n ? k : 0]);
  }
  if (out) ctx.set_content(0, std::move(*out));
}

template <Fold F>
Status infer_fold(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_ASSIGN(auto out, broadcast_inputs(ctx));
  DType t = DType::none;
  for (size_t i = 0; i < ctx.inputs() && t == DType::none; ++i) t = ctx.in(i).dtype;
  if (!out) {
    ctx.set_unranked(0, t);
    return {};
  }
  ctx.set(0, t, std::move(*out));
  if constexpr (F != nullptr) fold_content(ctx, F);
  return {};
}

// NaN wins.
struct Min {
  template <class W>
  W operator()(W a, W b) const {
    return a != a || a < b ? a : b;
  }
};
struct Max {
  template <class W>
  W operator()(W a, W b) const {
    return a != a || a > b ? a : b;
  }
};
struct Sum {
  template <class W>
  W operator()(W a, W b) const {
    return wrap_add(a, b);
  }
};

template <class W, class F>
Status fold_in(RefContext& ctx, bool mean) {
  Dims dims = ctx.in(0).dims();
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i) || ctx.in(i).dtype() != ctx.in(0).dtype()) {
      return invalid("an input is missing or has another type");
    }
    HONE_ASSIGN(dims, broadcast_dims(dims, ctx.in(i).dims()));
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<W> values(static_cast<size_t>(element_count(dims)));
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    const std::vector<W> next = load<W>(ctx.in(i));
    Walk<1> walk(dims, {broadcast_strides(ctx.in(i).dims(), dims)});
    for (W& v : values) {
      const W x = next[static_cast<size_t>(walk.offset())];
      v = i == 0 ? x : F()(v, x);
      walk.next();
    }
  }
  if (mean) {
    for (W& v : values) v /= static_cast<W>(ctx.inputs());
  }
  ctx.set(0, store(ctx.in(0).dtype(), dims, values));
  return {};
}

template <class F, bool Mean = false>
Status fold(RefContext& ctx) {
  return in_domain(ctx.node(), ctx.in(0).dtype(),
                   [&]<class W>() -> Status { return fold_in<W, F>(ctx, Mean); });
}

double fold_flops(const Graph& graph, const Node& node) {
  return static_cast<double>(node.inputs.size()) * output_elements(graph, node);
}

const OpDef defs[] = {
    {"", "Where", 9, 3, 3, 1, 1, {}, infer_where, where, nullptr, 0},
    {"", "Min", 6, 1, -1, 1, 1, {}, infer_fold<fold_min>, fold<Min>, fold_flops, 0},
    {"", "Max", 6, 1, -1, 1, 1, {}, infer_fold<fold_max>, fold<Max>, fold_flops, 0},
    {"", "Sum", 6, 1, -1, 1, 1, {}, infer_fold<fold_sum>, fold<Sum>, fold_flops},
    {"", "Mean", 6, 1, -1, 1, 1, {}, infer_fold<nullptr>, fold<Sum, true>, fold_flops},
};

}  // namespace

std::span<const OpDef> select_defs() { return defs; }

}  // namespace hone::ops
