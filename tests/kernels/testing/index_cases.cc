// Operators that take indices as data, or make them.
#include <algorithm>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

DType any_type(Random& r) {
  return r.pick({DType::f32, DType::f32, DType::u8, DType::i64, DType::f16, DType::boolean});
}

// Indices of this shape into an axis of `size`, some counted from the end.
Tensor indices(CaseMaker& m, const Dims& dims, int64_t size, bool i32_too = true) {
  const DType t = i32_too && m.r.one_in(2) ? DType::i32 : DType::i64;
  return m.tensor(t, dims, static_cast<double>(-size), static_cast<double>(size - 1));
}

}  // namespace

Result<Case> gather_elements_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4), axis = r.below(rank);
  const Dims x = r.dims(rank);
  Dims index = x;
  for (int64_t& d : index) {
    if (r.one_in(2)) d = r.between(1, d);
  }
  index[static_cast<size_t>(axis)] = r.size();
  m.exact = true;
  m.laid_out(m.tensor(any_type(r), x));
  m.either(indices(m, index, x[static_cast<size_t>(axis)]));
  m.attr("axis", r.one_in(2) ? axis : axis - rank);
  return m.finish();
}

Result<Case> gather_nd_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 5);
  const Dims x = r.dims(rank);
  const int64_t batch = m.has_attr("batch_dims") ? r.below(rank) : 0;
  const int64_t depth = r.between(batch == rank ? 0 : 1, rank - batch);
  Dims index(x.begin(), x.begin() + batch);
  for (int64_t extra = r.below(3); extra > 0; --extra) index.push_back(r.between(1, 5));
  index.push_back(depth);
  int64_t smallest = x[static_cast<size_t>(batch)];
  for (int64_t i = batch; i < batch + depth; ++i) {
    smallest = std::min(smallest, x[static_cast<size_t>(i)]);
  }
  m.exact = true;
  m.laid_out(m.tensor(any_type(r), x));
  m.either(indices(m, index, smallest, false));
  if (batch > 0) m.attr("batch_dims", batch);
  return m.finish();
}

// Constant bounds fold; start and step are therefore data where the length lets them be.
Result<Case> range_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = r.pick({DType::f32, DType::f64, DType::i32, DType::i64, DType::i16});
  Tensor start(t, {}), limit(t, {}), delta(t, {});
  const double step = r.pick({1.0, 2.0, -1.0, -3.0});
  start.set(0, static_cast<double>(r.between(-9, 9)));
  delta.set(0, is_float(t) ? step / 4 : step);
  limit.set(0, start.at(0) + delta.at(0) * static_cast<double>(r.size() * (r.one_in(9) ? 70 : 1)));
  for (const Tensor& bound : {start, limit, delta}) m.constant(bound);
  return m.finish();
}

Result<Case> unique_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const Dims x = r.dims(r.between(1, 3), 300);
  const DType t = r.pick({DType::f32, DType::f64, DType::i8, DType::i32, DType::i64, DType::u8});
  Tensor data(t, x);
  for (int64_t i = 0; i < data.count(); ++i)
    data.set(i, static_cast<double>(r.below(r.pick({2, 4, 90}))));
  m.input(std::move(data));
  if (!r.one_in(3)) m.attr("axis", r.below(static_cast<int64_t>(x.size())));
  if (r.one_in(2)) m.attr("sorted", r.below(2));
  return m.finish({"y", r.one_in(2) ? "indices" : "", r.one_in(2) ? "inverse" : "", "counts"});
}

Result<Case> scatter_case(CaseMaker& m) {
  Random& r = m.r;
  const char* reduction =
      m.has_attr("reduction") ? r.pick({"none", "add", "mul", "max", "min"}) : "none";
  const bool moves = std::string_view(reduction) == "none";
  const DType number = r.pick({DType::f32, DType::f32, DType::f64, DType::i32, DType::i64});
  const DType t = moves ? any_type(r) : number;
  const int64_t rank = r.between(1, 4);
  const Dims x = r.dims(rank, 1000);
  Dims index, updates;
  if (m.is("ScatterND")) {
    const int64_t depth = r.between(1, rank);
    for (int64_t extra = r.below(3); extra > 0; --extra) index.push_back(r.between(1, 5));
    updates = index;
    index.push_back(depth);
    updates.insert(updates.end(), x.begin() + depth, x.end());
    m.laid_out(m.tensor(t, x));
    m.either(indices(m, index, *std::min_element(x.begin(), x.begin() + depth), false));
  } else {
    const int64_t axis = r.below(rank);
    index = x;
    for (int64_t& d : index) d = r.between(1, d);
    index[static_cast<size_t>(axis)] = r.between(1, 9);
    updates = index;
    m.laid_out(m.tensor(t, x));
    m.either(indices(m, index, x[static_cast<size_t>(axis)]));
    m.attr("axis", r.one_in(2) ? axis : axis - rank);
  }
  m.either(m.tensor(t, updates));
  m.exact = moves || t != DType::f32;
  if (!moves) m.attr("reduction", std::string(reduction));
  return m.finish();
}

Result<Case> topk_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4), axis = r.below(rank);
  const Dims x = r.dims(rank);
  const int64_t k = r.between(1, x[static_cast<size_t>(axis)]);
  m.exact = true;
  m.laid_out(m.tensor(r.pick({DType::f32, DType::f32, DType::f64, DType::u8, DType::i64}), x));
  if (m.has_attr("k")) {
    m.attr("k", k);
  } else {
    m.constant(Tensor::of<int64_t>({1}, {k}));
  }
  if (m.has_attr("largest")) m.attr("largest", r.below(2));
  m.attr("axis", r.one_in(2) ? axis : axis - rank);
  if (r.one_in(6)) return m.finish({"values", ""});
  return m.finish({"values", "indices"});
}

Result<Case> cumulate_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4), axis = r.below(rank);
  const DType t = r.pick({DType::f32, DType::f32, DType::f64, DType::i32, DType::i64});
  // Products stay near 1.
  const bool product = m.is("CumProd");
  const bool whole = is_integer(t);
  m.laid_out(m.tensor(t, r.dims(rank), product && !whole ? 0.9 : -2, product && !whole ? 1.1 : 2));
  m.constant(Tensor::of<int64_t>({}, {r.one_in(2) ? axis : axis - rank}));
  if (r.one_in(2)) m.attr("exclusive", r.below(2));
  if (r.one_in(2)) m.attr("reverse", r.below(2));
  return m.finish();
}

Result<Case> dft_case(CaseMaker& m) {
  Random& r = m.r;
  Dims x = r.dims(r.between(1, 3), 300);
  const int64_t rank = static_cast<int64_t>(x.size()) + 1, axis = r.below(rank - 1);
  const bool inverse = r.one_in(2), onesided = r.one_in(2), whole = inverse && onesided;
  x.push_back(whole || (!onesided && r.one_in(2)) ? 2 : 1);
  const bool cut = whole || r.one_in(2);
  // What cancels leaves the rounding of what was added up.
  m.floor = inverse ? 1 : static_cast<double>(2 * x[static_cast<size_t>(axis)]);
  m.input(m.tensor(r.pick({DType::f32, DType::f32, DType::f64, DType::f16}), x));
  if (m.def->since < 20) m.attr("axis", axis);
  if (cut) {
    m.either(Tensor::of<int64_t>({}, {r.between(1, 40)}));
  } else if (m.def->since >= 20) {
    m.absent();
  }
  const Tensor at = Tensor::of<int64_t>({}, {r.one_in(2) ? axis : axis - rank});
  // Where there is one axis only, sizes are planned for another, which no kernel has.
  if (m.def->since >= 20) rank > 2 ? m.either(at) : m.constant(at);
  if (inverse || r.one_in(2)) m.attr("inverse", int64_t{inverse});
  if (onesided || r.one_in(2)) m.attr("onesided", int64_t{onesided});
  return m.finish();
}

Result<Case> one_hot_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims x = r.dims(r.between(1, 3), 200);
  const int64_t rank = static_cast<int64_t>(x.size()) + 1, axis = r.below(rank), depth = r.size();
  const DType t = r.pick({DType::i64, DType::i32, DType::f32});
  m.exact = true;
  // Some are out of range: rows without a one.
  Tensor hot = m.tensor(DType::i64, x, static_cast<double>(-depth - 2), static_cast<double>(depth));
  Tensor given(t, x);
  for (int64_t i = 0; i < hot.count(); ++i) given.set(i, hot.at(i));
  m.input(std::move(given));
  m.constant(Tensor::of<int64_t>({}, {depth}));
  m.either(m.tensor(r.pick({DType::f32, DType::i64, DType::u8, DType::boolean}), {2}, 0, 9));
  m.attr("axis", r.one_in(2) ? axis : axis - rank);
  return m.finish();
}

Result<Case> eye_like_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  m.input(m.tensor(r.pick({DType::f32, DType::i64, DType::u8}), r.dims(2)));
  if (r.one_in(2)) m.attr("k", r.between(-5, 5));
  if (r.one_in(2)) {
    m.attr("dtype", static_cast<int64_t>(r.pick({DType::f32, DType::i32, DType::boolean})));
  }
  return m.finish();
}

Result<Case> trilu_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  m.laid_out(m.tensor(any_type(r), r.dims(r.between(2, 4))));
  if (!r.one_in(3)) m.either(Tensor::of<int64_t>({}, {r.one_in(9) ? 1000 : r.between(-6, 6)}));
  if (r.one_in(2)) m.attr("upper", r.below(2));
  return m.finish();
}

Result<Case> reverse_sequence_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims x = r.dims(r.between(2, 4));
  const int64_t time = r.below(2);
  m.exact = true;
  m.laid_out(m.tensor(any_type(r), x));
  m.either(m.tensor(DType::i64, {x[static_cast<size_t>(1 - time)]}, 0,
                    static_cast<double>(x[static_cast<size_t>(time)])));
  m.attr("time_axis", time);
  m.attr("batch_axis", 1 - time);
  return m.finish();
}

}  // namespace hone::kernel_tests
