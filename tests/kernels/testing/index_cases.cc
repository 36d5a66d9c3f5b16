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

}  // namespace hone::kernel_tests
