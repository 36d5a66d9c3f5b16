// Reductions over axes. Axes are an attribute before version 13 (ReduceSum) or 18 (the others).
#include <algorithm>
#include <cmath>
#include <limits>

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

bool axes_are_input(const Node& node) {
  return node.version >= 18 || (node.op == "ReduceSum" && node.version >= 13);
}

// Which axes go; empty list or none: all, or none at all with noop_with_empty_axes.
Result<std::vector<bool>> reduced_axes(const Node& node, const std::vector<int64_t>& axes,
                                       int rank) {
  const bool none = node.attributes.i("noop_with_empty_axes", 0) != 0;
  std::vector<bool> reduced(static_cast<size_t>(rank), axes.empty() && !none);
  HONE_ASSIGN(const std::vector<int> normal, normal_axes(axes, rank));
  for (int a : normal) reduced[static_cast<size_t>(a)] = true;
  return reduced;
}

// --- inference
// ------------------------------------------------------------------------------------

std::optional<std::vector<int64_t>> known_axes(const InferContext& ctx) {
  if (!axes_are_input(ctx.node())) return ctx.node().attributes.ints("axes");
  if (!ctx.has_input(1)) return std::vector<int64_t>();
  const auto given = ctx.sizes(1);
  return given && given->empty() ? std::vector<int64_t>() : ctx.ints(1);
}

// Axes that only data tell, and their number: every size is an expression of them.
void infer_by_axes(InferContext& ctx, const std::vector<Dim>& axes, bool keep) {
  const SymShape& x = ctx.shape(0);
  const std::vector<Dim> reduced = axis_flags(axes, x.size()).of;
  SymShape out;
  for (size_t d = 0; keep && d < x.size(); ++d) {
    out.push_back(Dim::apply(Dim::Op::select, {reduced[d], Dim(1), x[d]}));
  }
  for (size_t j = 0; !keep && j < x.size() - axes.size(); ++j) {
    // The axis that as many kept ones stand before.
    Dim size(1), before(0);
    for (size_t d = 0; d < x.size(); ++d) {
      const Dim here = Dim::apply(Dim::Op::equal, {before, Dim(static_cast<int64_t>(j))});
      const Dim kept = Dim(1) - reduced[d];
      size = Dim::apply(Dim::Op::select, {here * kept, x[d], size});
      before = before + kept;
    }
    out.push_back(size);
  }
  ctx.set(0, ctx.in(0).dtype, std::move(out));
}

void infer_without_axes(InferContext& ctx, DType t, bool keep) {
  if (ctx.has_rank(0)) {
    const auto axes = ctx.sizes(1);
    if (axes && axes->size() <= ctx.shape(0).size()) return infer_by_axes(ctx, *axes, keep);
  }
  if (!keep || !ctx.has_rank(0)) return ctx.set_unranked(0, t);
  SymShape out;
  for (int d = 0; d < ctx.in(0).rank(); ++d) out.push_back(ctx.unknown(0, d));
  ctx.set(0, t, std::move(out));
}

Status infer_shape(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  const bool keep = ctx.node().attributes.i("keepdims", 1) != 0;
  const auto axes = known_axes(ctx);
  if (!axes || !ctx.has_rank(0)) {
    infer_without_axes(ctx, t, keep);
    return {};
  }
  HONE_ASSIGN(const std::vector<bool> reduced, reduced_axes(ctx.node(), *axes, ctx.in(0).rank()));
  SymShape out;
  for (size_t d = 0; d < reduced.size(); ++d) {
    if (!reduced[d]) {
      out.push_back(ctx.shape(0)[d]);
    } else if (keep) {
      out.emplace_back(1);
    }
  }
  ctx.set(0, t, std::move(out));
  return {};
}

using Fold = Dim (*)(const Dim&, const Dim&);
Dim fold_sum(const Dim& a, const Dim& b) { return a + b; }
Dim fold_prod(const Dim& a, const Dim& b) { return a * b; }
Dim fold_max(const Dim& a, const Dim& b) { return max(a, b); }
Dim fold_min(const Dim& a, const Dim& b) { return min(a, b); }

template <Fold F = nullptr>
Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_shape(ctx));
  if constexpr (F != nullptr) {
    const auto content = ctx.content(0);
    const bool whole = content && !content->empty() && ctx.in(0).rank() == 1 &&
                       known_axes(ctx).has_value() &&
                       ctx.node().attributes.i("noop_with_empty_axes", 0) == 0;
    if (!whole) return {};
    Dim all = content->front();
    for (size_t i = 1; i < content->size(); ++i) all = F(all, (*content)[i]);
    ctx.set_content(0, {all});
  }
  return {};
}

// --- references: start, step, finish
// --------------------------------------------------------------

struct Sum {
  template <class W>
  static W start() {
    return 0;
  }
  template <class W>
  static W step(W a, W x) {
    return wrap_add(a, x);
  }
  template <class W>
  static W finish(W a, int64_t) {
    return a;
  }
};
struct Mean : Sum {
  template <class W>
  static W finish(W a, int64_t n) {
    if constexpr (!std::is_same_v<W, double>) {
      if (n == 0) return 0;
    }
    return a / static_cast<W>(n);
  }
};
struct Prod : Sum {
  template <class W>
  static W start() {
    return 1;
  }
  template <class W>
  static W step(W a, W x) {
    return wrap_mul(a, x);
  }
};
struct L1 : Sum {
  template <class W>
  static W step(W a, W x) {
    return wrap_add(a, wrap_abs(x));
  }
};
struct SumSquare : Sum {
  template <class W>
  static W step(W a, W x) {
    return wrap_add(a, wrap_mul(x, x));
  }
};
struct L2 : SumSquare {
  template <class W>
  static W finish(W a, int64_t) {
    return from_double<W>(std::sqrt(static_cast<double>(a)));
  }
};
struct LogSum : Sum {
  template <class W>
  static W finish(W a, int64_t) {
    return from_double<W>(std::log(static_cast<double>(a)));
  }
};
struct Max : Sum {
  template <class W>
  static W start() {
    return std::is_same_v<W, double> ? -std::numeric_limits<W>::infinity()
                                     : std::numeric_limits<W>::lowest();
  }
  template <class W>
  static W step(W a, W x) {
    return a != a || a > x ? a : x;
  }
};
struct Min : Sum {
  template <class W>
  static W start() {
    return std::is_same_v<W, double> ? std::numeric_limits<W>::infinity()
                                     : std::numeric_limits<W>::max();
  }
  template <class W>
  static W step(W a, W x) {
    return a != a || a < x ? a : x;
  }
};

struct Layout {
  Dims out;          // shape of the result
  Dims strides;      // of the result over the input's index space, 0 along reduced axes
  int64_t size = 1;  // elements per result
};

Result<Layout> layout_of(const RefContext& ctx) {
  const Dims& in = ctx.in(0).dims();
  std::vector<int64_t> axes = ctx.node().attributes.ints("axes");
  if (axes_are_input(ctx.node())) {
    axes = ctx.has_input(1) ? ints_of(ctx.in(1)) : std::vector<int64_t>();
  }
  HONE_ASSIGN(const std::vector<bool> reduced,
              reduced_axes(ctx.node(), axes, static_cast<int>(in.size())));
  const bool keep = ctx.node().attributes.i("keepdims", 1) != 0;
  Layout layout;
  Dims kept = in;
  for (size_t d = 0; d < in.size(); ++d) {
    if (reduced[d]) {
      kept[d] = 1;
      layout.size *= in[d];
    }
    if (!reduced[d] || keep) layout.out.push_back(kept[d]);
  }
  layout.strides = broadcast_strides(kept, in);
  return layout;
}

// The smallest or largest value of the type itself, for an empty Max or Min of a narrow integer.
template <class F, class W>
W start_of(DType t) {
  const W start = F::template start<W>();
  if constexpr (std::is_same_v<F, Max> && std::is_same_v<W, int64_t>) {
    return bits(t) >= 64 ? start : -(W(1) << (bits(t) - 1));
  }
  if constexpr (std::is_same_v<F, Min> && std::is_integral_v<W>) {
    if (t == DType::boolean) return 1;
    const int width = bits(t) - std::is_signed_v<W>;
    return width >= 63 ? start : (W(1) << width) - 1;
  }
  return start;
}

template <class F>
Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const Layout layout, layout_of(ctx));
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() -> Status {
    const std::vector<W> xs = load<W>(x);
    std::vector<W> out(static_cast<size_t>(element_count(layout.out)), start_of<F, W>(x.dtype()));
    Walk<1> walk(x.dims(), {layout.strides});
    for (W v : xs) {
      W& sum = out[static_cast<size_t>(walk.offset())];
      sum = F::template step<W>(sum, v);
      walk.next();
    }
    for (W& v : out) v = F::template finish<W>(v, layout.size);
    ctx.set(0, store(x.dtype(), layout.out, out));
    return {};
  });
}

// log of the sum of exp, with the largest taken out so that nothing overflows.
Status log_sum_exp(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.dtype() == DType::string || is_complex(x.dtype())) return bad_dtype(ctx.node(), x.dtype());
  HONE_ASSIGN(const Layout layout, layout_of(ctx));
  const std::vector<double> xs = load<double>(x);
  const auto n = static_cast<size_t>(element_count(layout.out));
  std::vector<double> top(n, Max::start<double>()), sum(n, 0);
  Walk<1> walk(x.dims(), {layout.strides});
  for (double v : xs) {
    double& t = top[static_cast<size_t>(walk.offset())];
    t = Max::step(t, v);
    walk.next();
  }
  Walk<1> again(x.dims(), {layout.strides});
  for (double v : xs) {
    const auto at = static_cast<size_t>(again.offset());
    sum[at] += std::isinf(top[at]) ? std::exp(v) : std::exp(v - top[at]);
    again.next();
  }
  for (size_t i = 0; i < n; ++i) {
    sum[i] = std::isinf(top[i]) ? std::log(sum[i]) : top[i] + std::log(sum[i]);
  }
  ctx.set(0, store(x.dtype(), layout.out, sum));
  return {};
}

double flops(const Graph& graph, const Node& node) { return input_elements(graph, node); }

// --- table
// ------------------------------------------------------------------------------------------

constexpr AttrSpec attrs_1[] = {{"axes", AttrType::ints}, {"keepdims", AttrType::i}};
constexpr AttrSpec attrs_18[] = {{"keepdims", AttrType::i}, {"noop_with_empty_axes", AttrType::i}};

using Infer = Status (*)(InferContext&);
using Reference = Status (*)(RefContext&);
constexpr OpDef old_form(const char* name, Infer infer, Reference reference) {
  return {"", name, 1, 1, 1, 1, 1, attrs_1, infer, reference, flops};
}
constexpr OpDef new_form(const char* name, int since, Infer infer, Reference reference) {
  return {"", name, since, 1, 2, 1, 1, attrs_18, infer, reference, flops};
}

const OpDef defs[] = {
    old_form("ReduceSum", infer<fold_sum>, reference<Sum>),
    new_form("ReduceSum", 13, infer<fold_sum>, reference<Sum>),
    old_form("ReduceMean", infer<>, reference<Mean>),
    new_form("ReduceMean", 18, infer<>, reference<Mean>),
    old_form("ReduceMax", infer<fold_max>, reference<Max>),
    new_form("ReduceMax", 18, infer<fold_max>, reference<Max>),
    old_form("ReduceMin", infer<fold_min>, reference<Min>),
    new_form("ReduceMin", 18, infer<fold_min>, reference<Min>),
    old_form("ReduceProd", infer<fold_prod>, reference<Prod>),
    new_form("ReduceProd", 18, infer<fold_prod>, reference<Prod>),
    old_form("ReduceL1", infer<>, reference<L1>),
    new_form("ReduceL1", 18, infer<>, reference<L1>),
    old_form("ReduceL2", infer<>, reference<L2>),
    new_form("ReduceL2", 18, infer<>, reference<L2>),
    old_form("ReduceSumSquare", infer<>, reference<SumSquare>),
    new_form("ReduceSumSquare", 18, infer<>, reference<SumSquare>),
    old_form("ReduceLogSum", infer<>, reference<LogSum>),
    new_form("ReduceLogSum", 18, infer<>, reference<LogSum>),
    old_form("ReduceLogSumExp", infer<>, log_sum_exp),
    new_form("ReduceLogSumExp", 18, infer<>, log_sum_exp),
};

}  // namespace

std::span<const OpDef> reduce_defs() { return defs; }

}  // namespace hone::ops
