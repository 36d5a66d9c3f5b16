// MaxPool, AveragePool and their global forms -> family pool, channels last. A window in a volume
// is one in its planes and, of what that gives, one along the depth.

#include "device/kernels/qpool/qpool.h"

#include <algorithm>
#include <functional>

#include "device/kernels/binary/binary.h"
#include "device/kernels/unary/unary.h"
#include "host/plan/lower/arg_pool.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/quantised.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

using Axes = std::vector<WindowAxis>;
using Emit = std::function<void(PlanValue x, PlanValue y, const kernels::PoolAttrs&)>;

SymShape spatial(const SymShape& s) { return {s.begin() + 2, s.end()}; }

void set_window(const Axes& axes, kernels::PoolAttrs* a) {
  const Window w = plane_of(axes);
  a->kernel_h = w.kernel[0], a->kernel_w = w.kernel[1];
  a->stride_h = w.stride[0], a->stride_w = w.stride[1];
  a->dilation_h = w.dilation[0], a->dilation_w = w.dilation[1];
  a->pad_t = w.begin[0], a->pad_l = w.begin[1];
  a->pad_b = w.end[0], a->pad_r = w.end[1];
}

Result<Axes> pool_window(const Lowering& l, const Node& n) {
  const SymShape& x = *l.graph().fact(n.input(0)).shape;
  if (x.size() < 3 || x.size() > 5) return unsupported("pooling of 1 to 3 axes only");
  return window_axes(n, spatial(x), spatial(*l.graph().fact(n.output(0)).shape), {});
}

// The steps of a pool from x to y, channels last, rank 3 to 5; `a` says all but the window.
void pool_steps(Lowering& l, const Node& n, PlanValue x, PlanValue y, const Axes& axes,
                kernels::PoolAttrs a, const Emit& emit) {
  set_window(axes, &a);
  if (axes.size() < 3) return emit(as_rank4(l, x), as_rank4(l, y), a);
  x = dense(l, n, x);
  const bool planes = !axes[1].trivial() || !axes[2].trivial();
  if (axes[0].trivial()) return emit(as_planes(l, x), as_planes(l, y), a);
  if (planes) {
    SymShape between = l.at(y).shape;
    between[1] = l.at(x).shape[1];
    const PlanValue mid = l.temporary(l.at(y).name + " planes", l.at(x).dtype, std::move(between));
    emit(as_planes(l, x), as_planes(l, mid), a);
    x = mid;
  }
  set_window({axes[0], WindowAxis{}}, &a);
  emit(as_depths(l, x), as_depths(l, y), a);
}

// Padding at the end for all of ceil_mode's last window, so that a mean over it is of all of it.
Status pad_last_window(const Node& n, const SymShape& x, const SymShape& y, Axes* axes) {
  if (n.attributes.i("ceil_mode", 0) == 0) return {};
  if (!graph::all_const(x) || !graph::all_const(y)) {
    return unsupported("ceil_mode on a dynamic size; give --profile");
  }
  for (size_t i = 0; i < axes->size(); ++i) {
    WindowAxis& w = (*axes)[i];
    const int64_t end =
        (y[i + 2].value() - 1) * w.stride + (int64_t{w.kernel} - 1) * w.dilation + 1;
    w.end = std::max(w.end, static_cast<int32_t>(end - w.begin - x[i + 2].value()));
  }
  return {};
}

kernels::PoolAttrs kind_of(const Node& n) {
  kernels::PoolAttrs a{};
  a.kind = n.op.find("Max") != std::string::npos ? kernels::Pool::max : kernels::Pool::average;
  a.global = n.op.starts_with("Global") || n.attributes.i("global", 0) != 0;
  a.kernel_h = a.kernel_w = a.stride_h = a.stride_w = a.dilation_h = a.dilation_w = 1;
  if (a.global == 0) {
    a.count_include_pad = static_cast<int32_t>(n.attributes.i("count_include_pad", 0));
  }
  return a;
}

// Means of 16-bit floats are rounded once, so both steps of a volume's are f32.
Status mean_of_halves(Lowering& l, const Node& n, PlanValue x, PlanValue y, const Axes& axes,
                      const Emit& emit) {
  const PlanValue from = l.temporary(n.name, DType::f32, l.at(x).shape);
  const PlanValue to = l.temporary(n.name, DType::f32, l.at(y).shape);
  l.add_step(n, "cast", {x}, {from}, {}, {});
  pool_steps(l, n, from, to, axes, kind_of(n), emit);
  l.add_step(n, "cast", {to}, {y}, {}, {});
  return {};
}

}  // namespace

Result<kernels::PoolAttrs> pool_attrs(Lowering& l, const Node& n) {
  kernels::PoolAttrs a = kind_of(n);
  const size_t rank = l.graph().fact(n.input(0)).shape->size();
  if (rank < 3 || rank > 4) return unsupported("pooling of rank 3 and 4 only");
  if (a.global != 0) return a;
  HONE_ASSIGN(const Axes axes, pool_window(l, n));
  set_window(axes, &a);
  return a;
}

Status lower_pool(Lowering& l, const Node& n) {
  if (n.output(1) != graph::none) return lower_arg_pool(l, n);
  const auto& xf = l.graph().fact(n.input(0));
  const bool bytes = (xf.dtype == DType::u8 || xf.dtype == DType::i8) && n.is("MaxPool");
  const bool half = xf.dtype == DType::bf16 || xf.dtype == DType::f16;
  if (xf.dtype != DType::f32 && !half && !bytes) {
    return unsupported(std::string("no pooling kernel for ") + name(xf.dtype));
  }
  const kernels::PoolAttrs a = kind_of(n);
  const Emit emit = [&](PlanValue x, PlanValue y, const kernels::PoolAttrs& at) {
    if (!bytes) return l.step(n, "pool", {x}, {y}, at);
    l.step(n, "qpool", {x}, {y}, kernels::QPoolAttrs{at, 0, 0, 1});
  };
  Axes axes;
  if (a.global == 0) {
    HONE_ASSIGN(axes, pool_window(l, n));
  } else if (xf.shape->size() < 3 || xf.shape->size() > 5) {
    return unsupported("global pooling of rank 3 to 5 only");
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::channels_last));
  const PlanValue y = l.define_as(n.output(0), Layout::channels_last);
  if (a.global != 0 && xf.shape->size() == 5) {
    emit(as_depths(l, dense(l, n, x)), as_depths(l, y), a);
  } else if (a.global != 0) {
    emit(as_rank4(l, x), as_rank4(l, y), a);
  } else if (half && axes.size() == 3 && a.kind == kernels::Pool::average) {
    return mean_of_halves(l, n, x, y, axes, emit);
  } else {
    pool_steps(l, n, x, y, axes, a, emit);
  }
  return {};
}

// The p-th root of the sum of p-th powers: of their mean over the whole window, times its size.
Status lower_lp_pool(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  if (xf.dtype != DType::f32) return unsupported(std::string("no kernel for ") + name(xf.dtype));
  kernels::PoolAttrs a{};
  a.kind = kernels::Pool::average;
  a.count_include_pad = 1;
  HONE_ASSIGN(Axes axes, pool_window(l, n));
  HONE_RETURN_IF_ERROR(pad_last_window(n, *xf.shape, *l.graph().fact(n.output(0)).shape, &axes));
  HONE_ASSIGN(const PlanValue x, l.use_as(n.input(0), Layout::channels_last));
  const PlanValue y = l.define_as(n.output(0), Layout::channels_last);
  using kernels::Binary, kernels::Unary;
  auto like = [&](PlanValue v) { return l.temporary(n.name, DType::f32, l.at(v).shape); };
  auto unary = [&](Unary f, PlanValue from, PlanValue to) {
    l.step(n, "unary", {from}, {to}, kernels::UnaryAttrs{static_cast<int32_t>(f), 0, 0});
    return to;
  };
  auto binary = [&](Binary f, PlanValue from, PlanValue with, PlanValue to) {
    l.step(n, "binary", {from, with}, {to}, kernels::BinaryAttrs{f, kernels::Act::none, 0, 0});
    return to;
  };
  auto number = [&](double v) {
    return l.constant("number", Tensor::scalar(static_cast<float>(v)));
  };
  const int64_t p = n.attributes.i("p", 2);
  const auto order = static_cast<double>(p);
  PlanValue powers = p == 2 ? binary(Binary::mul, x, x, like(x)) : unary(Unary::abs, x, like(x));
  if (p > 2) powers = binary(Binary::pow, powers, number(order), like(x));
  const PlanValue mean = like(y);
  pool_steps(l, n, powers, mean, axes, a,
             [&](PlanValue from, PlanValue to, const kernels::PoolAttrs& at) {
               l.step(n, "pool", {from}, {to}, at);
             });
  double size = 1;
  for (const WindowAxis& w : axes) size *= w.kernel;
  const PlanValue sum = binary(Binary::mul, mean, number(size), p == 1 ? y : like(y));
  if (p == 2) unary(Unary::sqrt, sum, y);
  if (p > 2) binary(Binary::pow, sum, number(1 / order), y);
  return {};
}

}  // namespace hone::plan
