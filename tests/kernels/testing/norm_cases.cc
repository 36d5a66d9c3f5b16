// Normalisations.
#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

void epsilon(CaseMaker& m) {
  // Not too small: few elements may be nearly equal, and the division magnifies every rounding.
  m.attr("epsilon", static_cast<float>(m.r.real(1e-3, 1e-2)));
}

}  // namespace

Result<Case> layer_norm_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = r.between(1, 4), axis = r.below(rank);
  Dims dims = r.dims(rank);
  if (r.one_in(8)) dims.back() = r.pick({192, 384, 768});
  if (r.one_in(2)) dims.insert(dims.begin() + axis, 1);
  const Dims inner(dims.begin() + axis, dims.end());
  m.laid_out(m.tensor(DType::f32, dims));
  Dims scale = inner;
  if (r.one_in(5)) scale[static_cast<size_t>(r.below(static_cast<int64_t>(scale.size())))] = 1;
  m.either(m.tensor(DType::f32, scale, -1, 1));
  if (m.is("LayerNormalization") && r.one_in(2)) m.either(m.tensor(DType::f32, inner, -1, 1));
  m.attr("axis", r.one_in(2) ? axis : axis - static_cast<int64_t>(dims.size()));
  epsilon(m);
  const bool moments = m.is("LayerNormalization") && r.one_in(4);
  if (moments) return m.finish({"y", r.one_in(2) ? "mean" : "", "deviation"});
  return m.finish();
}

Result<Case> group_norm_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t rank = m.is("InstanceNormalization") || r.one_in(2) ? r.between(3, 5) : 4;
  Dims dims = r.dims(rank);
  const int64_t groups = r.pick({1, 2, 3, 8});
  if (m.is("GroupNormalization")) {
    dims[1] = groups * r.between(1, 5);
    m.attr("num_groups", groups);
  }
  m.laid_out(m.tensor(DType::f32, dims));
  const int64_t count = m.is("GroupNormalization") && m.node.version < 21 ? groups : dims[1];
  for (int i = 0; i < 2; ++i) m.either(m.tensor(DType::f32, {count}, -1, 1));
  epsilon(m);
  return m.finish();
}

Result<Case> mean_variance_case(CaseMaker& m) {
  Dims dims = m.r.dims(4);
  for (int64_t& d : dims) d += 2;  // moments of something
  m.laid_out(m.tensor(DType::f32, dims));
  if (m.r.one_in(2))
    m.ints("axes", m.r.one_in(2) ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{-1});
  return m.finish();
}

Result<Case> lp_norm_case(CaseMaker& m) {
  const int64_t rank = m.r.between(1, 4);
  Tensor x = m.tensor(DType::f32, m.r.dims(rank));
  for (int64_t i = 0; m.r.one_in(5) && i < x.count(); ++i) x.set(i, 0);
  m.laid_out(std::move(x));
  m.attr("axis", m.r.between(-rank, rank - 1));
  if (m.r.one_in(2)) m.attr("p", m.r.between(1, 2));
  return m.finish();
}

Result<Case> lrn_case(CaseMaker& m) {
  Random& r = m.r;
  m.laid_out(m.tensor(DType::f32, r.dims(r.between(2, 5))));
  m.attr("size", r.between(1, 9));
  if (r.one_in(2)) m.attr("alpha", 0.5f);
  if (r.one_in(2)) m.attr("beta", 0.4f);
  if (r.one_in(2)) m.attr("bias", 2.0f);
  return m.finish();
}

}  // namespace hone::kernel_tests
