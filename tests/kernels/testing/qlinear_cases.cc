// Operators on quantised tensors.
#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

DType byte(Random& r) { return r.one_in(2) ? DType::u8 : DType::i8; }

Tensor bytes(CaseMaker& m, DType t, const Dims& dims) {
  return m.tensor(t, dims, t == DType::u8 ? 0 : -128, t == DType::u8 ? 255 : 127);
}

// The ends of the type only: the largest sums there are.
Tensor extremes(CaseMaker& m, DType t, const Dims& dims) {
  Tensor x(t, dims);
  const double lowest = t == DType::u8 ? 0 : -128;
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, m.r.one_in(4) ? lowest : lowest + 255);
  return x;
}

// Scale and zero point of an operand; powers of two keep quotients exact. Zero points anywhere, or
// at the ends and in the middle.
void scale_and_zero(CaseMaker& m, DType t, const Dims& dims = {}, bool extreme = false) {
  Tensor scale(DType::f32, dims);
  for (int64_t i = 0; i < scale.count(); ++i) scale.set(i, m.r.pick({0.015625, 0.03125, 0.0625}));
  m.constant(std::move(scale));
  if (extreme) {
    Tensor zero(t, dims);
    for (int64_t i = 0; i < zero.count(); ++i) {
      zero.set(i, t == DType::u8 ? m.r.pick({0, 128, 255}) : m.r.pick({-128, 0, 127}));
    }
    m.constant(std::move(zero));
    return;
  }
  m.constant(m.tensor(t, dims, t == DType::u8 ? 100 : -9, t == DType::u8 ? 150 : 9));
}

// The result's: coarse enough that not everything saturates.
void result_scale(CaseMaker& m, DType t, double scale) {
  Tensor s(DType::f32, {});
  s.set(0, scale);
  m.constant(std::move(s));
  m.constant(m.tensor(t, {}, t == DType::u8 ? 100 : -9, t == DType::u8 ? 150 : 9));
}

}  // namespace

Result<Case> qlinear_conv_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t axes = r.between(1, 2);
  const bool depthwise = r.one_in(3);
  const int64_t groups = depthwise ? r.between(2, 37) : r.pick({1, 1, 2});
  Dims x = {r.between(1, 2), depthwise ? groups : groups * r.between(1, 9)};
  Dims w = {depthwise ? groups : groups * r.between(1, 37)};
  w.push_back(x[1] / groups);
  std::vector<int64_t> strides, dilations, pads(static_cast<size_t>(2 * axes), r.below(3));
  for (int64_t i = 0; i < axes; ++i) {
    x.push_back(r.between(5, 9));
    w.push_back(r.between(1, 3));
    strides.push_back(r.between(1, 2));
    dilations.push_back(r.between(1, 2));
  }
  const DType t = byte(r), wt = byte(r);
  const bool extreme = r.one_in(4);
  m.laid_out(extreme ? extremes(m, t, x) : bytes(m, t, x));
  scale_and_zero(m, t, {}, extreme);
  m.constant(extreme ? extremes(m, wt, w) : bytes(m, wt, w));
  scale_and_zero(m, wt, r.one_in(2) ? Dims{w[0]} : Dims{}, extreme);
  result_scale(m, t, 2);
  // Biases near 2^31 need sums of 64 bits.
  const double most = r.one_in(8) ? 2147483000 : 2000;
  if (r.one_in(2)) m.constant(m.tensor(DType::i32, {w[0]}, -most, most));
  m.attr("group", groups);
  m.ints("strides", strides);
  m.ints("dilations", dilations);
  m.ints("pads", pads);
  return m.finish();
}

Result<Case> qlinear_matmul_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rows = r.size(), depth = r.size(), columns = r.size();
  const DType t = byte(r), bt = byte(r);
  m.input(bytes(m, t, r.one_in(2) ? Dims{rows, depth} : Dims{2, rows, depth}));
  scale_and_zero(m, t);
  const bool constant = r.one_in(2);
  constant ? m.constant(bytes(m, bt, {depth, columns})) : m.input(bytes(m, bt, {depth, columns}));
  scale_and_zero(m, bt, constant && r.one_in(2) ? Dims{columns} : Dims{});
  result_scale(m, t, 1);
  return m.finish();
}

Result<Case> qlinear_binary_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims dims = r.dims(r.between(1, 4));
  const DType t = byte(r);
  m.laid_out(bytes(m, t, dims));
  scale_and_zero(m, t);
  m.either(bytes(m, t, r.one_in(3) ? Dims{dims.back()} : dims));
  scale_and_zero(m, t);
  result_scale(m, t, 0.125);
  return m.finish();
}

}  // namespace hone::kernel_tests
