// Operators on quantised tensors.
#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

DType byte(Random& r) { return r.one_in(2) ? DType::u8 : DType::i8; }

Tensor bytes(CaseMaker& m, DType t, const Dims& dims) {
  return m.tensor(t, dims, t == DType::u8 ? 0 : -128, t == DType::u8 ? 255 : 127);
}

// Scale and zero point of an operand; powers of two keep quotients exact.
void scale_and_zero(CaseMaker& m, DType t, const Dims& dims = {}) {
  Tensor scale(DType::f32, dims);
  for (int64_t i = 0; i < scale.count(); ++i) scale.set(i, m.r.pick({0.015625, 0.03125, 0.0625}));
  m.constant(std::move(scale));
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
  const int64_t axes = r.between(1, 2), groups = r.pick({1, 1, 2});
  Dims x = {r.between(1, 2), groups * r.between(1, 9)}, w = {groups * r.between(1, 17)};
  w.push_back(x[1] / groups);
  std::vector<int64_t> strides, pads(static_cast<size_t>(2 * axes), r.below(2));
  for (int64_t i = 0; i < axes; ++i) {
    x.push_back(r.between(3, 9));
    w.push_back(r.between(1, 3));
    strides.push_back(r.between(1, 2));
  }
  const DType t = byte(r), wt = byte(r);
  m.laid_out(bytes(m, t, x));
  scale_and_zero(m, t);
  m.constant(bytes(m, wt, w));
  scale_and_zero(m, wt, r.one_in(2) ? Dims{w[0]} : Dims{});
  result_scale(m, t, 2);
  if (r.one_in(2)) m.constant(m.tensor(DType::i32, {w[0]}, -2000, 2000));
  m.attr("group", groups);
  m.ints("strides", strides);
  m.ints("pads", pads);
  return m.finish();
}

Result<Case> qlinear_matmul_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rows = r.size(), depth = r.size(), columns = r.size();
  const DType t = byte(r), bt = byte(r);
  m.input(bytes(m, t, r.one_in(2) ? Dims{rows, depth} : Dims{2, rows, depth}));
  scale_and_zero(m, t);
  m.either(bytes(m, bt, {depth, columns}));
  scale_and_zero(m, bt);
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
