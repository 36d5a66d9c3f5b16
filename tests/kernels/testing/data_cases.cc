// Operators whose result's size the data decide.
#include "case_maker.h"

namespace hone::kernel_tests {

Result<Case> nonzero_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const DType t = r.pick({DType::f32, DType::boolean, DType::u8, DType::i32, DType::i64});
  const bool signs = t == DType::f32 || t == DType::i32 || t == DType::i64;
  m.input(m.tensor(t, r.dims(r.between(1, 4)), signs ? -1 : 0, 1));
  return m.finish();
}

Result<Case> compress_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const Dims x = r.dims(r.between(1, 4));
  int64_t size = 1;
  if (r.one_in(3)) {
    for (int64_t d : x) size *= d;
  } else {
    const int64_t axis = r.below(static_cast<int64_t>(x.size()));
    m.attr("axis", axis);
    size = x[static_cast<size_t>(axis)];
  }
  m.input(m.tensor(r.pick({DType::f32, DType::u8, DType::i64}), x, 0, 90));
  m.input(m.tensor(DType::boolean, {r.one_in(3) ? r.between(1, size) : size}, 0, 1));
  return m.finish();
}

Result<Case> nms_case(CaseMaker& m) {
  Random& r = m.r;
  m.exact = true;
  const int64_t batch = r.between(1, 2), classes = r.between(1, 4), boxes = r.size();
  if (r.one_in(2)) m.attr("center_point_box", r.below(2));
  m.input(m.tensor(DType::f32, {batch, boxes, 4}, 0, 2));
  m.input(m.tensor(DType::f32, {batch, classes, boxes}, 0, 1));
  if (r.one_in(10)) return m.finish();
  m.constant(Tensor::of<int64_t>({1}, {r.between(0, 2 * boxes)}));
  if (r.one_in(5)) return m.finish();
  m.either(m.tensor(DType::f32, {1}, 0, 1));
  if (r.one_in(3)) return m.finish();
  m.either(m.tensor(DType::f32, {1}, 0, 1));
  return m.finish();
}

}  // namespace hone::kernel_tests
