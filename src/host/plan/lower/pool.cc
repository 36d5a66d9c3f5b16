// MaxPool, AveragePool and their global forms -> family pool, channels last.

#include "device/kernels/qpool/qpool.h"

#include <algorithm>

#include "device/kernels/binary/binary.h"
#include "device/kernels/unary/unary.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/quantised.h"

namespace hone::plan {

namespace {

// The window of a pool of logical x to y.
Status set_window(const Node& n, const SymShape& x, const SymShape& y, kernels::PoolAttrs* a) {
  HONE_ASSIGN(Window w,
              window(n, SymShape(x.begin() + 2, x.end()), SymShape(y.begin() + 2, y.end()), {}));
  a->kernel_h = w.kernel[0], a->kernel_w = w.kernel[1];
  a->stride_h = w.stride[0], a->stride_w = w.stride[1];
  a->dilation_h = w.dilation[0], a->dilation_w = w.dilation[1];
  a->pad_t = w.begin[0], a->pad_l = w.begin[1];
  a->pad_b = w.end[0], a->pad_r = w.end[1];
  return {};
}

// Padding at the end for all of ceil_mode's last window, so that a mean over it is of all of it.
Status pad_last_window(const Node& n, const SymShape& x, const SymShape& y, kernels::PoolAttrs* a) {
  if (n.attributes.i("ceil_mode", 0) == 0) return {};
  if (!graph::all_const(x) || !graph::all_const(y)) {
    return unsupported("ceil_mode on a dynamic size; give --profile");
  }
  auto needed = [&](size_t axis, int64_t stride, int64_t dilation, int64_t kernel, int64_t begin) {
    const int64_t end = (y[axis].value() - 1) * stride + (kernel - 1) * dilation + 1;
    return static_cast<int32_t>(end - begin - x[axis].value());
  };
  const size_t last = x.size() - 1;
  a->pad_r = std::max(a->pad_r, needed(last, a->stride_w, a->dilation_w, a->kernel_w, a->pad_l));
  if (last == 2) return {};
  a->pad_b = std::max(a->pad_b, needed(2, a->stride_h, a->dilation_h, a->kernel_h, a->pad_t));
  return {};
}

}  // namespace

Result<kernels::PoolAttrs> pool_attrs(Lowering& l, const Node& n) {
  const SymShape& x = *l.graph().fact(n.input(0)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  kernels::PoolAttrs a{};
  a.kind = n.op.find("Max") != std::string::npos ? kernels::Pool::max : kernels::Pool::average;
  a.global = n.op.starts_with("Global") || n.attributes.i("global", 0) != 0;
  a.kernel_h = a.kernel_w = a.stride_h = a.stride_w = a.dilation_h = a.dilation_w = 1;
  if (a.global != 0) {
    if (x.size() < 3 || x.size() > 4) return unsupported("global pooling of rank 3 and 4 only");
  } else {
    HONE_RETURN_IF_ERROR(set_window(n, x, y, &a));
    a.count_include_pad = static_cast<int32_t>(n.attributes.i("count_include_pad", 0));
  }
  return a;
}

Status lower_pool(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  const bool bytes = (xf.dtype == DType::u8 || xf.dtype == DType::i8) && n.is("MaxPool");
  const bool half = xf.dtype == DType::bf16 || xf.dtype == DType::f16;
  if (xf.dtype != DType::f32 && !half && !bytes) {
    return unsupported(std::string("no pooling kernel for ") + name(xf.dtype));
  }
  if (n.output(1) != graph::none) return unsupported("MaxPool's Indices output has no kernel");
  HONE_ASSIGN(kernels::PoolAttrs a, pool_attrs(l, n));
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  if (!bytes) {
    l.step(n, "pool", {as_rank4(l, px)}, {as_rank4(l, py)}, a);
    return {};
  }
  l.step(n, "qpool", {as_rank4(l, px)}, {as_rank4(l, py)}, kernels::QPoolAttrs{a, 0, 0, 1});
  return {};
}

// The p-th root of the sum of p-th powers: of their mean over the whole window, times its size.
Status lower_lp_pool(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  if (xf.dtype != DType::f32) return unsupported(std::string("no kernel for ") + name(xf.dtype));
  kernels::PoolAttrs a{};
  a.kind = kernels::Pool::average;
  a.count_include_pad = 1;
  const SymShape& shape = *l.graph().fact(n.output(0)).shape;
  HONE_RETURN_IF_ERROR(set_window(n, *xf.shape, shape, &a));
  HONE_RETURN_IF_ERROR(pad_last_window(n, *xf.shape, shape, &a));
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
  l.step(n, "pool", {as_rank4(l, powers)}, {as_rank4(l, mean)}, a);
  const double size = static_cast<double>(a.kernel_h) * static_cast<double>(a.kernel_w);
  const PlanValue sum = binary(Binary::mul, mean, number(size), p == 1 ? y : like(y));
  if (p == 2) unary(Unary::sqrt, sum, y);
  if (p > 2) binary(Binary::pow, sum, number(1 / order), y);
  return {};
}

}  // namespace hone::plan
