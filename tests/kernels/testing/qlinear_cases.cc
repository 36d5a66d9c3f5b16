// Operators on quantised tensors.
#include <algorithm>

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

bool gives_floats(const CaseMaker& m) {
  return m.is("QLinearConvToFloat") || m.is("QLinearMatMulToFloat");
}

// Scale and zero point that only a run knows, as DynamicQuantizeLinear makes them.
void scale_of_run(CaseMaker& m) {
  m.input(m.tensor(DType::f32, {}, 0.01, 0.1));
  m.input(m.tensor(DType::u8, {}, 0, 255));
}

// The end of a node whose result is f32, and defined to the bit.
Result<Case> float_result(CaseMaker& m, bool bias, int64_t results) {
  if (bias) m.constant(m.tensor(DType::f32, {results}, -4, 4));
  m.exact = true;
  return m.finish();
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
  const bool by_run = gives_floats(m) && r.one_in(3);
  const DType t = by_run ? DType::u8 : byte(r), wt = byte(r);
  const bool extreme = r.one_in(4);
  m.laid_out(extreme ? extremes(m, t, x) : bytes(m, t, x));
  by_run ? scale_of_run(m) : scale_and_zero(m, t, {}, extreme);
  m.constant(extreme ? extremes(m, wt, w) : bytes(m, wt, w));
  scale_and_zero(m, wt, r.one_in(2) ? Dims{w[0]} : Dims{}, extreme);
  m.attr("group", groups);
  m.ints("strides", strides);
  m.ints("dilations", dilations);
  m.ints("pads", pads);
  if (gives_floats(m)) return float_result(m, !by_run && r.one_in(2), w[0]);
  result_scale(m, t, 2);
  // Biases near 2^31 need sums of 64 bits.
  const double most = r.one_in(8) ? 2147483000 : 2000;
  if (r.one_in(2)) m.constant(m.tensor(DType::i32, {w[0]}, -most, most));
  return m.finish();
}

Result<Case> qlinear_matmul_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rows = r.size(), depth = r.size(), columns = r.size();
  const bool floats = gives_floats(m), by_run = floats && r.one_in(3);
  const DType t = by_run ? DType::u8 : byte(r), bt = byte(r);
  m.input(bytes(m, t, r.one_in(2) ? Dims{rows, depth} : Dims{2, rows, depth}));
  by_run ? scale_of_run(m) : scale_and_zero(m, t);
  const bool constant = floats || r.one_in(2);
  constant ? m.constant(bytes(m, bt, {depth, columns})) : m.input(bytes(m, bt, {depth, columns}));
  scale_and_zero(m, bt, constant && r.one_in(2) ? Dims{columns} : Dims{});
  if (floats) return float_result(m, !by_run && r.one_in(2), columns);
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

// Zero points are often left out, and deep products are frequent: their sums pass 2^24.
Result<Case> matmul_integer_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rows = r.between(1, 9), columns = r.between(1, 17);
  const int64_t depth = r.one_in(3) ? r.between(250, 1200) : r.size();
  const DType t = byte(r), bt = byte(r);
  m.input(bytes(m, t, r.one_in(2) ? Dims{rows, depth} : Dims{2, rows, depth}));
  // All at one end: nothing cancels.
  Tensor b = bytes(m, bt, {depth, columns});
  for (int64_t i = 0; r.one_in(2) && i < b.count(); ++i) b.set(i, bt == DType::u8 ? 255 : -128);
  const bool constant = r.one_in(2);
  constant ? m.constant(std::move(b)) : m.input(std::move(b));
  if (r.one_in(3)) return m.finish();
  m.either(bytes(m, t, {}));
  if (r.one_in(2)) m.constant(bytes(m, bt, constant && r.one_in(2) ? Dims{columns} : Dims{}));
  return m.finish();
}

Result<Case> conv_integer_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t axes = r.between(1, 2), groups = r.pick({1, 1, 2});
  const int64_t depth = groups == 1 && r.one_in(4) ? r.between(100, 300) : r.between(1, 9);
  Dims x = {r.between(1, 2), groups * depth}, w = {groups * r.between(1, 5), depth};
  for (int64_t i = 0; i < axes; ++i) {
    x.push_back(r.between(3, 6));
    w.push_back(r.between(1, 3));
  }
  const DType t = byte(r), wt = byte(r);
  m.laid_out(bytes(m, t, x));
  Tensor filters = bytes(m, wt, w);
  for (int64_t i = 0; depth > 9 && i < filters.count(); ++i) filters.set(i, 120);
  m.constant(std::move(filters));
  m.attr("group", groups);
  m.ints("pads", std::vector<int64_t>(static_cast<size_t>(2 * axes), r.below(2)));
  if (r.one_in(3)) return m.finish();
  m.either(bytes(m, t, {}));
  if (r.one_in(2)) m.constant(bytes(m, wt, r.one_in(2) ? Dims{w[0]} : Dims{}));
  return m.finish();
}

Result<Case> dynamic_quantize_case(CaseMaker& m) {
  Random& r = m.r;
  // All of one sign, all 0, and both signs.
  const double low = r.pick({-2.0, 0.0, 0.5}), high = r.pick({2.0, 0.75, 0.0});
  m.laid_out(
      m.tensor(DType::f32, r.dims(r.between(1, 4)), std::min(low, high), std::max(low, high)));
  return m.finish({"y", "scale", "zero"});
}

Result<Case> qlinear_unary_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = byte(r);
  m.laid_out(bytes(m, t, r.dims(r.between(1, 4))));
  scale_and_zero(m, t);
  result_scale(m, t, r.pick({0.00390625, 0.03, 0.06}));
  if (m.has_attr("alpha") && r.one_in(2)) m.attr("alpha", 0.1f);
  return m.finish();
}

Result<Case> qlinear_concat_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4), axis = r.below(rank);
  const DType t = byte(r);
  Dims x = r.dims(rank, 500);
  result_scale(m, t, r.pick({0.03125, 0.05}));
  for (int64_t parts = r.between(1, 3); parts > 0; --parts) {
    x[static_cast<size_t>(axis)] = r.between(1, 9);
    m.laid_out(bytes(m, t, x));
    scale_and_zero(m, t);
  }
  m.attr("axis", r.one_in(2) ? axis : axis - rank);
  return m.finish();
}

Result<Case> byte_table_case(CaseMaker& m) {
  Random& r = m.r;
  m.laid_out(bytes(m, byte(r), r.dims(r.between(0, 4))));
  m.constant(bytes(m, byte(r), {256}));
  return m.finish();
}

// Zero points anywhere and scales that are no powers of two, so that sums and quotients round.
Result<Case> quantized_binary_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims dims = r.dims(r.between(1, 4));
  const bool one_type = r.one_in(2);
  const DType t = byte(r), bt = one_type ? t : byte(r), yt = one_type ? t : byte(r);
  auto scale = [&](DType type, double s) {
    m.constant(Tensor::scalar(static_cast<float>(s)));
    m.constant(bytes(m, type, {}));
  };
  Dims b = dims;
  if (r.one_in(3)) b = {dims.back()};
  if (r.one_in(4)) b.back() = 1;
  const bool swapped = r.one_in(4);
  m.laid_out(bytes(m, t, swapped ? b : dims));
  scale(t, r.pick({0.0173, 0.03125, 0.05}));
  m.either(bytes(m, bt, swapped ? dims : b));
  scale(bt, r.pick({0.0211, 0.03125, 0.07}));
  const std::string op = r.pick(std::vector<std::string>{"Add", "Sub", "Mul"});
  scale(yt, r.pick({0.03125, 0.0625, 0.091}));
  m.attr("op", op);
  if (r.one_in(3)) m.attr("lowest", int64_t{yt == DType::u8 ? 100 : -20});
  if (r.one_in(3)) m.attr("highest", int64_t{yt == DType::u8 ? 140 : 20});
  return m.finish();
}

Result<Case> quantized_pool_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = byte(r);
  const int64_t c = r.pick({1, 2, 3, 8, 9, 16, 17, 24, 31, 40, 70});
  std::vector<int64_t> kernel, strides, pads;
  Dims x = {r.between(1, 2), c};
  for (int64_t axes = r.between(1, 2), i = 0; i < axes; ++i) {
    kernel.push_back(r.between(1, 4));
    strides.push_back(r.between(1, 3));
    pads.push_back(r.below(kernel.back()));
    x.push_back(r.between(kernel.back(), 9));
  }
  const std::vector<int64_t> begin = pads;
  pads.insert(pads.end(), begin.begin(), begin.end());
  if (r.one_in(3)) {
    m.attr("global", int64_t{1});
  } else {
    m.ints("kernel_shape", kernel);
    m.ints("strides", strides);
    m.ints("pads", pads);
    if (r.one_in(2)) m.attr("ceil_mode", int64_t{1});
    if (r.one_in(2)) m.attr("count_include_pad", int64_t{1});
  }
  m.laid_out(r.one_in(4) ? extremes(m, t, x) : bytes(m, t, x));
  // Equal scales make ties.
  const double scale = r.pick({0.03, 0.05});
  m.constant(Tensor::scalar(static_cast<float>(scale)));
  m.constant(bytes(m, t, {}));
  m.constant(Tensor::scalar(static_cast<float>(r.pick({scale, 0.02}))));
  m.constant(bytes(m, t, {}));
  return m.finish();
}

}  // namespace hone::kernel_tests
