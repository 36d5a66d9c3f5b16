// MatMulInteger, ConvInteger, DynamicQuantizeLinear. Operands less their zero points are whole
// numbers, whose products f32 sums exactly while no partial sum can pass 2^24: depth is split where
// it could, and the parts are added as i32.

#include <algorithm>
#include <cmath>

#include "device/kernels/binary/binary.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/quantize/quantize.h"
#include "device/kernels/reduce/reduce.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::Act;
using kernels::Binary;

constexpr double exact = 0x1p24;
constexpr double most = 255;  // |element - zero point| of 8 bits

bool is_byte(DType t) { return t == DType::u8 || t == DType::i8; }

SymShape flat(const Lowering& l, PlanValue v) {
  const SymShape& s = l.at(v).shape;
  return {Dim(1), Dim(1), graph::product(s, 0, s.size())};
}

// x less the scalar zero point at input `zero` (absent: 0), as f32.
Result<PlanValue> centred(Lowering& l, const Node& n, PlanValue x, size_t zero) {
  std::vector<PlanValue> in = {l.reshape_view(x, flat(l, x)),
                               l.constant("one", Tensor::of<float>({1}, {1.0f}))};
  if (n.input(zero) != graph::none) {
    const SymShape& s = *l.graph().fact(n.input(zero)).shape;
    if (!(graph::product(s, 0, s.size()) == Dim(1))) return unsupported("a vector of zero points");
    HONE_ASSIGN(PlanValue z, l.use_as(n.input(zero), Layout::row_major));
    in.push_back(l.reshape_view(z, {Dim(1)}));
  }
  PlanValue y = l.temporary(n.name, DType::f32, l.at(x).shape);
  l.step(n, "dequantize", std::move(in), {l.reshape_view(y, flat(l, y))},
         kernels::DequantizeAttrs{0});
  return y;
}

// Element `i` of constant zero points: one, or one for each.
double zero_at(const Tensor* z, int64_t i) {
  return z == nullptr ? 0 : z->at(z->count() == 1 ? 0 : i);
}
Result<const Tensor*> constant_zero(const Lowering& l, const Node& n, size_t input) {
  if (n.input(input) == graph::none) return static_cast<const Tensor*>(nullptr);
  const Tensor* t = l.graph().constant(n.input(input));
  if (t == nullptr) return unsupported("constant weights with a computed zero point");
  return t;
}

// f32 sums as i32, added to `acc` where there is one; the last goes to y.
PlanValue gathered(Lowering& l, const Node& n, PlanValue sums, PlanValue acc, PlanValue y) {
  const SymShape shape = l.at(y).shape;
  PlanValue whole = acc == absent ? y : l.temporary(n.name, DType::i32, shape);
  l.add_step(n, "cast", {sums}, {whole}, {}, {});
  if (acc == absent) return whole;
  l.step(n, "binary", {acc, whole}, {y}, kernels::BinaryAttrs{Binary::add, Act::none, 0, 0});
  return y;
}

// Elements [begin, begin + size) of physical axis `axis`.
PlanValue part(Lowering& l, PlanValue v, size_t axis, int64_t begin, int64_t size) {
  auto strides = l.strides_of(v);
  SymShape shape = l.at(v).shape;
  if (shape[axis] == Dim(size)) return v;
  shape[axis] = Dim(size);
  const Dim offset = Dim(begin) * strides[axis];
  return l.view(v, std::move(shape), std::move(strides), offset);
}

// Rows [begin, begin + size) of a constant [K, N] matrix.
Tensor rows_of(const Tensor& w, int64_t begin, int64_t size) {
  const int64_t columns = w.dims()[1];
  Tensor t(DType::f32, {size, columns});
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, w.at(begin * columns + i));
  return t;
}

// The rows of [K, N] weights whose products sum exactly in every column.
int64_t exact_rows(const Tensor& w) {
  const int64_t depth = w.dims()[0], columns = w.dims()[1];
  int64_t rows = depth;
  for (;; rows = (rows + 1) / 2) {
    double worst = 0;
    for (int64_t begin = 0; begin < depth; begin += rows) {
      for (int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        for (int64_t k = begin; k < std::min(begin + rows, depth); ++k) {
          sum += std::abs(w.at(k * columns + c));
        }
        worst = std::max(worst, sum);
      }
    }
    if (worst * most <= exact || rows <= 1) return rows;
  }
}

}  // namespace

Status lower_matmul_integer(Lowering& l, const Node& n) {
  const auto &af = l.graph().fact(n.input(0)), &bf = l.graph().fact(n.input(1));
  if (!is_byte(af.dtype) || !is_byte(bf.dtype)) return unsupported("8 bits only");
  if (af.rank() < 2 || bf.rank() < 2) return unsupported("ranks below 2");
  const auto depth = af.shape->back().const_value();
  if (!depth || *depth < 1) return unsupported("a product of dynamic depth");
  HONE_ASSIGN(PlanValue a, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue wide, centred(l, n, a, 2));
  // Weights: constant [K, N], or 8 bits of anything.
  const Tensor* given = bf.rank() == 2 ? l.graph().constant(n.input(1)) : nullptr;
  Tensor weights;
  PlanValue b = absent;
  auto rows = static_cast<int64_t>(exact / (most * most));
  if (given != nullptr) {
    HONE_ASSIGN(const Tensor* zero, constant_zero(l, n, 3));
    weights = Tensor(DType::f32, given->dims());
    for (int64_t i = 0; i < weights.count(); ++i) {
      weights.set(i, given->at(i) - zero_at(zero, i % given->dims()[1]));
    }
    rows = exact_rows(weights);
  } else {
    HONE_ASSIGN(PlanValue raw, l.use_as(n.input(1), Layout::row_major));
    HONE_ASSIGN(b, centred(l, n, raw, 3));
  }
  PlanValue y = l.define_as(n.output(0), Layout::row_major), acc = absent;
  const SymShape shape = l.at(y).shape;
  const auto ra = static_cast<size_t>(af.rank()), rb = static_cast<size_t>(bf.rank());
  for (int64_t begin = 0; begin < *depth; begin += rows) {
    const int64_t size = std::min(rows, *depth - begin);
    const PlanValue w = given != nullptr ? l.constant(l.graph().value(n.input(1)).name,
                                                      rows_of(weights, begin, size))
                                         : part(l, b, rb - 2, begin, size);
    PlanValue sums = l.temporary(n.name, DType::f32, shape);
    kernels::GemmAttrs product{};
    product.alpha = 1;
    l.step(n, "gemm", {part(l, wide, ra - 1, begin, size), w}, {sums}, product);
    const bool last = begin + size == *depth;
    acc = gathered(l, n, sums, acc, last ? y : l.temporary(n.name, DType::i32, shape));
  }
  return {};
}

namespace {

// Filters [O, I, taps...] less their zero points, channels last, of input channels [begin, begin +
// size) only; `worst`: the largest sum of |weights| of one filter.
Tensor filters_of(const Tensor& w, const Tensor* zero, int64_t begin, int64_t size, double* worst) {
  const int64_t filters = w.dims()[0], depth = w.dims()[1], taps = w.count() / filters / depth;
  Dims dims = {filters};
  dims.insert(dims.end(), w.dims().begin() + 2, w.dims().end());
  dims.push_back(size);
  Tensor out(DType::f32, dims);
  *worst = 0;
  for (int64_t f = 0, i = 0; f < filters; ++f) {
    double sum = 0;
    for (int64_t t = 0; t < taps; ++t) {
      for (int64_t c = begin; c < begin + size; ++c, ++i) {
        const double v = w.at((f * depth + c) * taps + t) - zero_at(zero, f);
        out.set(i, v);
        sum += std::abs(v);
      }
    }
    *worst = std::max(*worst, sum);
  }
  return out;
}

}  // namespace

// Filters that are computed: all of a sum at once, in f32.
static Status conv_by_data(Lowering& l, const Node& n, kernels::ConvAttrs a) {
  const SymShape& w = *l.graph().fact(n.input(1)).shape;
  const auto weights = graph::product(w, 1, w.size()).const_value();
  if (!weights || static_cast<double>(*weights) * most * most > exact) {
    return unsupported("computed filters whose sums f32 cannot hold");
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue wide, centred(l, n, px, 2));
  HONE_ASSIGN(PlanValue pw, l.use_as(n.input(1), Layout::channels_last));
  const SymShape rows = {Dim(1), w[0], Dim(*weights)};
  const Tensor ones = Tensor::of<float>({a.out_channels}, std::vector<float>(w[0].value(), 1.0f));
  std::vector<PlanValue> in = {l.reshape_view(pw, rows), l.constant("ones", ones)};
  if (n.input(3) != graph::none) {
    const SymShape zeros = *l.graph().fact(n.input(3)).shape;
    HONE_ASSIGN(PlanValue zero, l.use_as(n.input(3), Layout::row_major));
    if (!(graph::product(zeros, 0, zeros.size()) == w[0])) {
      PlanValue each = l.temporary(n.name, l.at(zero).dtype, {w[0]});
      l.copy(n, l.view(zero, {w[0]}, {Dim(0)}, 0), each);
      zero = each;
    }
    in.push_back(l.reshape_view(zero, {w[0]}));
  }
  const PlanValue filters = l.temporary(n.name, DType::f32, l.at(pw).shape);
  l.step(n, "dequantize", std::move(in), {l.reshape_view(filters, rows)},
         kernels::DequantizeAttrs{0});
  const PlanValue y = l.define_as(n.output(0), Layout::channels_last);
  const PlanValue sums = l.temporary(n.name, DType::f32, l.at(y).shape);
  l.step(n, "conv", {as_rank4(l, wide), as_rank4(l, filters)}, {as_rank4(l, sums)}, a);
  gathered(l, n, sums, absent, y);
  return {};
}

Status lower_conv_integer(Lowering& l, const Node& n) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &w = *l.graph().fact(n.input(1)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  if (!is_byte(l.graph().fact(n.input(0)).dtype)) return unsupported("8 bits only");
  if (x.size() < 3 || x.size() > 4) return unsupported("convolution of 1 or 2 axes only");
  const Tensor* given = l.graph().constant(n.input(1));
  HONE_ASSIGN(kernels::ConvAttrs a, conv_attrs(n, x, w, y));
  a.exact_sums = 1;
  if (given == nullptr) return conv_by_data(l, n, a);
  if (given->count() == 0) return unsupported("no filters");
  HONE_ASSIGN(const Tensor* zero, constant_zero(l, n, 3));
  const int64_t depth = given->dims()[1];
  int64_t size = depth;
  for (double worst = 0;; size = (size + 1) / 2) {
    double largest = 0;
    for (int64_t begin = 0; begin < depth; begin += size) {
      filters_of(*given, zero, begin, std::min(size, depth - begin), &worst);
      largest = std::max(largest, worst);
    }
    if (largest * most <= exact) break;
    if (size == 1 || a.groups != 1) return unsupported("filters whose sums f32 cannot hold");
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue wide, centred(l, n, px, 2));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last), acc = absent;
  const SymShape shape = l.at(py).shape;
  wide = as_rank4(l, wide);
  for (int64_t begin = 0; begin < depth; begin += size) {
    const int64_t here = std::min(size, depth - begin);
    double worst = 0;
    const PlanValue filters =
        as_rank4(l, l.constant(l.graph().value(n.input(1)).name,
                               filters_of(*given, zero, begin, here, &worst)));
    const PlanValue from = a.groups == 1 ? part(l, wide, 3, begin, here) : wide;
    PlanValue sums = l.temporary(n.name, DType::f32, shape);
    l.step(n, "conv", {from, filters}, {as_rank4(l, sums)}, a);
    const bool last = begin + here == depth;
    acc = gathered(l, n, sums, acc, last ? py : l.temporary(n.name, DType::i32, shape));
  }
  return {};
}

// scale = (max(x, 0) - min(x, 0)) / 255, zero = round(-min / scale), both of this run's x.
Status lower_dynamic_quantize(Lowering& l, const Node& n) {
  using kernels::Reduce;
  if (l.graph().fact(n.input(0)).dtype != DType::f32) return unsupported("only f32");
  const Layout layout = l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue y = l.define(n.output(0));
  const SymShape one = {Dim(1)}, line = {flat(l, x)[2]};
  auto output = [&](size_t i, DType t) {
    if (n.output(i) == graph::none) return l.temporary(n.name, t, one);
    return l.reshape_view(l.define(n.output(i)), one);
  };
  const PlanValue scale = output(1, DType::f32), zero = output(2, DType::u8);
  auto number = [&](float v) { return l.constant("number", Tensor::of<float>({1}, {v})); };
  auto step = [&](Binary op, PlanValue a, PlanValue b, DType t = DType::f32) {
    PlanValue v = l.temporary(n.name, t, one);
    l.step(n, "binary", {a, b}, {v}, kernels::BinaryAttrs{op, Act::none, 0, 0});
    return v;
  };
  auto extreme = [&](Reduce op, Binary with_zero) {
    PlanValue v = l.temporary(n.name, DType::f32, one);
    l.step(n, "reduce", {l.reshape_view(x, line)}, {v}, kernels::ReduceAttrs{op, 1, 0});
    return step(with_zero, v, number(0));
  };
  const PlanValue low = extreme(Reduce::min, Binary::min), high = extreme(Reduce::max, Binary::max);
  const PlanValue range = step(Binary::sub, high, low);
  const PlanValue none = step(Binary::equal, range, number(0), DType::boolean);
  l.add_step(n, "select", {none, number(1), step(Binary::div, range, number(255))}, {scale}, {},
             {});
  const PlanValue from_zero = step(Binary::sub, number(0), step(Binary::div, low, scale));
  const SymShape cube = {Dim(1), Dim(1), Dim(1)};
  l.step(n, "quantize", {l.reshape_view(from_zero, cube), number(1)}, {l.reshape_view(zero, cube)},
         kernels::QuantizeAttrs{0});
  l.step(n, "quantize", {l.reshape_view(x, flat(l, x)), scale, zero},
         {l.reshape_view(y, flat(l, y))}, kernels::QuantizeAttrs{0});
  return {};
}

}  // namespace hone::plan
