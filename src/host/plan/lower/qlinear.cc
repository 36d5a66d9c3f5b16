// Operators on quantised tensors. Convolutions, and products by constant matrices, are family
// qconv: integers throughout. The others go by way of f32: operands less their zero points are
// whole numbers, whose products and sums f32 holds exactly up to 2^24. Then as the reference: one
// f32 multiplier, one rounding, saturation.

#include <fmt/format.h>

#include <cmath>

#include "device/kernels/binary/binary.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/qconv/qconv.h"
#include "device/kernels/quantize/quantize.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::Act;
using kernels::Binary;

bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

// Of ai.hone: without y's scale and zero point, and with a bias of f32 at input 6.
bool gives_floats(const Node& n) {
  return n.op == "QLinearConvToFloat" || n.op == "QLinearMatMulToFloat";
}
// Whether x's scale and zero point are values: DynamicQuantizeLinear's.
bool scaled_by_run(const Lowering& l, const Node& n) {
  return gives_floats(n) &&
         (l.graph().constant(n.input(1)) == nullptr || l.graph().constant(n.input(2)) == nullptr);
}

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

// x's scale (input 1) times each of the weights' (4) by y's (6; none where y is f32), in f32 and in
// this order. Without x's where only a run knows it.
Result<Tensor> multipliers(const Lowering& l, const Node& n) {
  float x_scale = 1, y_scale = 1;
  if (!scaled_by_run(l, n)) {
    HONE_ASSIGN(x_scale, fixed_scalar(l, n, 1));
  }
  if (!gives_floats(n)) {
    HONE_ASSIGN(y_scale, fixed_scalar(l, n, 6));
  }
  HONE_ASSIGN(const Tensor* scales, fixed(l, n, 4));
  Tensor m(DType::f32, {scales->count()});
  for (int64_t i = 0; i < m.count(); ++i) {
    m.set(i, static_cast<double>(x_scale * static_cast<float>(scales->at(i)) / y_scale));
  }
  return m;
}

// QConvAttrs::wide: whether a sum can leave 32 bits, and without its bias. The largest |x - zero|
// times the sum of each filter's |w - zero|, and its bias. Filters are the rows of `w`. Filters
// that are nearly 0 do get biases of 2^31 from quantisers.
int32_t width_of_sums(const Tensor& w, const Tensor& w_zero, DType x, double x_zero,
                      const Tensor* bias) {
  const double lowest = x == DType::u8 ? 0 : -128, top = lowest + 255;
  const double largest = std::max(x_zero - lowest, top - x_zero);
  const int64_t filters = w.dims()[0], depth = filters == 0 ? 0 : w.count() / filters;
  int32_t wide = 0;
  for (int64_t f = 0; f < filters; ++f) {
    const double zero = w_zero.at(w_zero.count() == 1 ? 0 : f);
    double sum = 0;
    for (int64_t i = 0; i < depth; ++i) sum += largest * std::abs(w.at(f * depth + i) - zero);
    if (sum > INT32_MAX) return 2;
    if (bias != nullptr && sum + std::abs(bias->at(f)) > INT32_MAX) wide = 1;
  }
  return wide;
}

// What of a QLinearConv and QLinearMatMul family qconv reads beside x. `w` has a filter in each
// row.
struct Filters {
  const Tensor* w;
  PlanValue packed;  // w as the kernels want it
  PlanValue bias;
  const Tensor* sums;  // the bias's integers; nullptr: none
};

// Scale and zero point of x at inputs 1 and 2, as operands behind the others.
Status add_scale_of_run(Lowering& l, const Node& n, std::vector<PlanValue>* in) {
  if (in->at(2) != absent || l.at(in->at(0)).dtype != DType::u8) {
    return unsupported("a scale known only when it runs, with a bias or of signed bytes");
  }
  for (size_t i : {size_t{2}, size_t{1}}) {
    const SymShape& s = *l.graph().fact(n.input(i)).shape;
    if (!(graph::product(s, 0, s.size()) == Dim(1))) return unsupported("a vector of scales");
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    in->push_back(l.reshape_view(v, {Dim(1)}));
  }
  return {};
}

// The step of a node whose operands are x, scale, zero, w, scale, zero, y's scale, zero, or neither
// of the last.
Status integer_step(Lowering& l, const Node& n, kernels::ConvAttrs c, PlanValue x,
                    const Filters& filters, PlanValue y) {
  const bool by_run = scaled_by_run(l, n);
  HONE_ASSIGN(Tensor scale, multipliers(l, n));
  float x_zero = 0, y_zero = 0;
  if (!by_run) {
    HONE_ASSIGN(x_zero, fixed_scalar(l, n, 2));
  }
  if (!gives_floats(n)) {
    HONE_ASSIGN(y_zero, fixed_scalar(l, n, 7));
  }
  HONE_ASSIGN(const Tensor* w_zero, fixed(l, n, 5));
  if (w_zero->count() != 1 && w_zero->count() != c.out_channels) {
    return unsupported("zero points that are not by column");
  }
  kernels::QConvAttrs a{};
  a.out_channels = c.out_channels, a.groups = c.groups;
  a.kernel_h = c.kernel_h, a.kernel_w = c.kernel_w;
  a.stride_h = c.stride_h, a.stride_w = c.stride_w;
  a.dilation_h = c.dilation_h, a.dilation_w = c.dilation_w;
  a.pad_t = c.pad_t, a.pad_l = c.pad_l, a.pad_b = c.pad_b, a.pad_r = c.pad_r;
  a.x_zero = static_cast<int32_t>(x_zero), a.y_zero = static_cast<int32_t>(y_zero);
  a.wide =
      width_of_sums(*filters.w, *w_zero, l.at(x).dtype, static_cast<double>(x_zero), filters.sums);
  Tensor zero(w_zero->dtype(), {w_zero->count()});
  for (int64_t i = 0; i < zero.count(); ++i) zero.set(i, w_zero->at(i));
  std::vector<PlanValue> in = {x, filters.packed, filters.bias,
                               l.constant("scale", std::move(scale)),
                               l.constant("zero", std::move(zero))};
  if (by_run) HONE_RETURN_IF_ERROR(add_scale_of_run(l, n, &in));
  l.step(n, "qconv", std::move(in), {y}, a);
  return {};
}

// a by a constant matrix: each row of a is a pixel, each column of b a filter.
Status constant_product(Lowering& l, const Node& n, const Tensor& b) {
  const int64_t k = b.dims()[0], columns = b.dims()[1];
  Tensor w(b.dtype(), {columns, 1, 1, k});
  for (int64_t i = 0; i < w.count(); ++i) w.set(i, b.at(i % k * columns + i / k));
  kernels::ConvAttrs c{};
  c.out_channels = static_cast<int32_t>(columns), c.groups = 1;
  c.kernel_h = c.kernel_w = c.stride_h = c.stride_w = c.dilation_h = c.dilation_w = 1;
  HONE_ASSIGN(PlanValue a, l.use_as(n.input(0), Layout::row_major));
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  const SymShape& s = l.at(a).shape;
  const Dim rows = graph::product(s, 0, s.size() - 1);
  const PlanValue pixels = l.reshape_view(a, {Dim(1), Dim(1), rows, Dim(k)});
  const PlanValue out = l.reshape_view(y, {Dim(1), Dim(1), rows, Dim(columns)});
  const Tensor filters = w;
  const PlanValue packed = l.constant(l.graph().value(n.input(3)).name, std::move(w));
  PlanValue row = absent;
  if (gives_floats(n) && n.input(6) != graph::none) {
    HONE_ASSIGN(row, l.use(n.input(6)));
  }
  return integer_step(l, n, c, pixels, {&filters, packed, row, nullptr}, out);
}

// Several pictures of one pixel.
bool is_pixel(const SymShape& s) {
  return !(s[0] == Dim(1)) && graph::product(s, 2, s.size()) == Dim(1);
}

// One tap, no padding, and no strides that would step over rows.
bool is_product(const kernels::ConvAttrs& a) {
  return a.stride_h == 1 && a.stride_w == 1 && a.kernel_h == 1 && a.kernel_w == 1 &&
         a.pad_t + a.pad_l + a.pad_b + a.pad_r == 0;
}

}  // namespace

// x, scale, zero, w, scale, zero, y's scale, zero, bias; of ai.hone without y's.
Status lower_qlinear_conv(Lowering& l, const Node& n) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &w = *l.graph().fact(n.input(3)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  if (!is_byte(l.graph().fact(n.input(0)).dtype)) return unsupported("8 bits only");
  if (x.size() < 3 || x.size() > 4) return unsupported("convolution of 1 or 2 axes only");
  HONE_ASSIGN(kernels::ConvAttrs a, conv_attrs(n, x, w, y));
  Filters filters{nullptr, absent, absent, nullptr};
  HONE_ASSIGN(filters.w, fixed(l, n, 3));
  const size_t bias = gives_floats(n) ? 6 : 8;
  if (n.input(bias) != graph::none) {
    HONE_ASSIGN(const Tensor* given, fixed(l, n, bias));
    if (!gives_floats(n)) filters.sums = given;
    HONE_ASSIGN(filters.bias, l.use(n.input(bias)));
  }
  HONE_ASSIGN(PlanValue w_last, l.use_as(n.input(3), Layout::channels_last));
  filters.packed = as_rank4(l, w_last);
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  if (is_pixel(x) && is_pixel(y) && is_product(a) &&
      l.is_dense(px)) {  // a product: pictures are rows
    const PlanValue rows = l.reshape_view(px, {Dim(1), Dim(1), x[0], x[1]});
    return integer_step(l, n, a, rows, filters, l.reshape_view(py, {Dim(1), Dim(1), y[0], y[1]}));
  }
  return integer_step(l, n, a, as_rank4(l, px), filters, as_rank4(l, py));
}

// a, scale, zero, b, scale, zero, y's scale, zero, or a bias in place of y's; one scale for all of
// a, one or one for each column of b.
Status lower_qlinear_matmul(Lowering& l, const Node& n) {
  const auto &af = l.graph().fact(n.input(0)), &bf = l.graph().fact(n.input(3));
  const auto& yf = l.graph().fact(n.output(0));
  if (!is_byte(af.dtype) || !is_byte(bf.dtype) || (!is_byte(yf.dtype) && !gives_floats(n))) {
    return unsupported("8 bits only");
  }
  if (af.rank() < 2 || bf.rank() < 2) return unsupported("ranks below 2");
  const Tensor* constant_b = l.graph().constant(n.input(3));
  const bool empty = graph::product(*af.shape, 0, af.shape->size()) == Dim(0);
  if (constant_b != nullptr && bf.rank() == 2 && constant_b->count() > 0 && !empty) {
    return constant_product(l, n, *constant_b);
  }
  if (gives_floats(n)) return unsupported("a product with computed weights or of nothing");
  HONE_ASSIGN(Tensor scale, multipliers(l, n));
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

}  // namespace hone::plan
