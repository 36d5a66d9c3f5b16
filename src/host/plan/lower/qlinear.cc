// Operators on quantised tensors, by way of f32: operands less their zero points are whole numbers,
// whose products and sums f32 holds exactly up to 2^24, far above what layers of 8 bits reach in
// practice. Then as the reference: one f32 multiplier, one rounding, saturation.

#include <fmt/format.h>

#include "device/kernels/binary/binary.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/quantize/quantize.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::Act;
using kernels::Binary;

bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

// The constant of an input that must have one: scales and zero points.
Result<const Tensor*> fixed(const Lowering& l, const Node& n, size_t input) {
  const Tensor* t = l.graph().constant(n.input(input));
  if (t != nullptr) return t;
  return unsupported(fmt::format("input {} of {} is known only when it runs", input, n.op));
}
Result<float> fixed_scalar(const Lowering& l, const Node& n, size_t input) {
  HONE_ASSIGN(const Tensor* t, fixed(l, n, input));
  if (t->count() != 1) return unsupported(fmt::format("input {} of {} as a vector", input, n.op));
  return static_cast<float>(t->at(0));
}

SymShape flat(const Lowering& l, PlanValue v) {
  const SymShape& s = l.at(v).shape;
  return {Dim(1), Dim(1), graph::product(s, 0, s.size())};
}

// x as f32: (x - zero) scale.
Result<PlanValue> widened(Lowering& l, const Node& n, PlanValue x, float scale, size_t zero) {
  std::vector<PlanValue> in = {l.reshape_view(x, flat(l, x)),
                               l.constant("scale", Tensor::of<float>({1}, {scale}))};
  HONE_ASSIGN(PlanValue z, l.use_as(n.input(zero), Layout::row_major));
  if (z != absent) in.push_back(l.reshape_view(z, {Dim(1)}));
  PlanValue y = l.temporary(n.name, DType::f32, l.at(x).shape);
  l.step(n, "dequantize", std::move(in), {l.reshape_view(y, flat(l, y))},
         kernels::DequantizeAttrs{0});
  return y;
}

// y = saturate(round(x) + zero).
Status narrow(Lowering& l, const Node& n, PlanValue x, PlanValue zero, PlanValue y) {
  std::vector<PlanValue> in = {l.reshape_view(x, flat(l, x)),
                               l.constant("one", Tensor::of<float>({1}, {1.0f}))};
  if (zero != absent) in.push_back(l.reshape_view(zero, {Dim(1)}));
  l.step(n, "quantize", std::move(in), {l.reshape_view(y, flat(l, y))}, kernels::QuantizeAttrs{0});
  return {};
}

PlanValue combined(Lowering& l, const Node& n, Binary op, PlanValue a, PlanValue b,
                   const SymShape& shape) {
  PlanValue y = l.temporary(n.name, DType::f32, shape);
  l.step(n, "binary", {a, b}, {y}, kernels::BinaryAttrs{op, Act::none, 0, 0});
  return y;
}

// x scale / y scale times each of the weights' scales, in f32 and in this order.
Result<Tensor> multipliers(const Lowering& l, const Node& n, size_t x, size_t w, size_t y) {
  HONE_ASSIGN(float x_scale, fixed_scalar(l, n, x));
  HONE_ASSIGN(float y_scale, fixed_scalar(l, n, y));
  HONE_ASSIGN(const Tensor* scales, fixed(l, n, w));
  Tensor m(DType::f32, {scales->count()});
  for (int64_t i = 0; i < m.count(); ++i) {
    m.set(i, static_cast<double>(x_scale * static_cast<float>(scales->at(i)) / y_scale));
  }
  return m;
}

// Constant filters [O, I, ...] less their zero points (one, or one for each filter), channels last.
Result<Tensor> centred_filters(const Lowering& l, const Node& n, size_t input, size_t zero) {
  HONE_ASSIGN(const Tensor* w, fixed(l, n, input));
  HONE_ASSIGN(const Tensor* z, fixed(l, n, zero));
  const Dims& d = w->dims();
  const int64_t filters = d[0], depth = d[1], taps = depth == 0 ? 0 : w->count() / filters / depth;
  Dims dims = {filters};
  dims.insert(dims.end(), d.begin() + 2, d.end());
  dims.push_back(depth);
  Tensor out(DType::f32, dims);
  for (int64_t i = 0; i < out.count(); ++i) {
    const int64_t c = i % depth, t = i / depth % taps, f = i / depth / taps;
    out.set(i, w->at((f * depth + c) * taps + t) - z->at(z->count() == 1 ? 0 : f));
  }
  return out;
}

}  // namespace

// x, scale, zero, w, scale, zero, y's scale, zero, bias.
Status lower_qlinear_conv(Lowering& l, const Node& n) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &w = *l.graph().fact(n.input(3)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  if (!is_byte(l.graph().fact(n.input(0)).dtype)) return unsupported("8 bits only");
  if (x.size() < 3 || x.size() > 4) return unsupported("convolution of 1 or 2 axes only");
  HONE_ASSIGN(kernels::ConvAttrs a, conv_attrs(n, x, w, y));
  HONE_ASSIGN(Tensor scale, multipliers(l, n, 1, 4, 6));
  HONE_ASSIGN(Tensor filters, centred_filters(l, n, 3, 5));
  PlanValue bias = absent;
  if (n.input(8) != graph::none) {
    HONE_ASSIGN(const Tensor* b, fixed(l, n, 8));
    Tensor sums(DType::f32, b->dims());
    for (int64_t i = 0; i < sums.count(); ++i) sums.set(i, b->at(i));
    bias = l.constant("bias", std::move(sums));
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue whole, widened(l, n, px, 1, 2));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  const SymShape shape = l.at(py).shape;
  PlanValue sums = l.temporary(n.name, DType::f32, shape);
  PlanValue pw = as_rank4(l, l.constant(l.graph().value(n.input(3)).name, std::move(filters)));
  l.step(n, "conv", {as_rank4(l, whole), pw, bias}, {as_rank4(l, sums)}, a);
  PlanValue scaled = combined(l, n, Binary::mul, sums, l.constant("scale", scale), shape);
  HONE_ASSIGN(PlanValue zero, l.use(n.input(7)));
  return narrow(l, n, scaled, zero, py);
}

// a, scale, zero, b, scale, zero, y's scale, zero; one scale for all of a, one or one for each
// column of b.
Status lower_qlinear_matmul(Lowering& l, const Node& n) {
  const auto &af = l.graph().fact(n.input(0)), &bf = l.graph().fact(n.input(3));
  const auto& yf = l.graph().fact(n.output(0));
  if (!is_byte(af.dtype) || !is_byte(bf.dtype) || !is_byte(yf.dtype)) {
    return unsupported("8 bits only");
  }
  if (af.rank() < 2 || bf.rank() < 2) return unsupported("ranks below 2");
  HONE_ASSIGN(Tensor scale, multipliers(l, n, 1, 4, 6));
  HONE_ASSIGN(const Tensor* b_zero, fixed(l, n, 5));
  HONE_RETURN_IF_ERROR(fixed_scalar(l, n, 7).status());
  if (b_zero->count() != 1) return unsupported("zero points for each column");
  HONE_ASSIGN(PlanValue a, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue b, l.use_as(n.input(3), Layout::row_major));
  HONE_ASSIGN(PlanValue wide_a, widened(l, n, a, 1, 2));
  PlanValue wide_b = absent;
  if (const Tensor* t = l.graph().constant(n.input(3))) {  // so that the gemm may pack it
    Tensor whole(DType::f32, t->dims());
    for (int64_t i = 0; i < whole.count(); ++i) whole.set(i, t->at(i) - b_zero->at(0));
    wide_b = l.constant(l.graph().value(n.input(3)).name, std::move(whole));
  } else {
    HONE_ASSIGN(wide_b, widened(l, n, b, 1, 5));
  }
  PlanValue sums = l.temporary(n.name, DType::f32, *yf.shape);
  kernels::GemmAttrs product{};
  product.alpha = 1;
  l.step(n, "gemm", {wide_a, wide_b}, {sums}, product);
  PlanValue scaled = combined(l, n, Binary::mul, sums, l.constant("scale", scale), *yf.shape);
  HONE_ASSIGN(PlanValue zero, l.use(n.input(7)));
  return narrow(l, n, scaled, zero, l.define_as(n.output(0), Layout::row_major));
}

// a, scale, zero, b, scale, zero, y's scale, zero. The zero point is added before the rounding.
Status lower_qlinear_binary(Lowering& l, const Node& n) {
  if (!is_byte(l.graph().fact(n.input(0)).dtype)) return unsupported("8 bits only");
  const Layout layout = l.graph().value(n.output(0)).layout;
  const int rank = l.graph().fact(n.output(0)).rank();
  HONE_ASSIGN(float a_scale, fixed_scalar(l, n, 1));
  HONE_ASSIGN(float b_scale, fixed_scalar(l, n, 4));
  HONE_ASSIGN(float y_scale, fixed_scalar(l, n, 6));
  float y_zero = 0;
  if (n.input(7) != graph::none) {
    HONE_ASSIGN(y_zero, fixed_scalar(l, n, 7));
  }
  HONE_ASSIGN(PlanValue a, l.use_broadcast(n.input(0), rank, layout));
  HONE_ASSIGN(PlanValue b, l.use_broadcast(n.input(3), rank, layout));
  HONE_ASSIGN(PlanValue wide_a, widened(l, n, a, a_scale, 2));
  HONE_ASSIGN(PlanValue wide_b, widened(l, n, b, b_scale, 5));
  PlanValue y = l.define_as(n.output(0), layout);
  const SymShape shape = l.at(y).shape;
  const Binary op = n.is("QLinearAdd", "com.microsoft") ? Binary::add : Binary::mul;
  PlanValue v = combined(l, n, op, wide_a, wide_b, shape);
  v = combined(l, n, Binary::div, v, l.constant("scale", Tensor::scalar(y_scale)), shape);
  v = combined(l, n, Binary::add, v, l.constant("zero", Tensor::scalar(y_zero)), shape);
  return narrow(l, n, v, absent, y);
}

}  // namespace hone::plan
