// Transposed convolution.
#include <algorithm>

#include "case_maker.h"

namespace hone::kernel_tests {

Result<Case> conv_transpose_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t axes = r.one_in(5) ? 3 : r.between(1, 2), groups = r.pick({1, 1, 2, 3});
  const bool strided = r.one_in(2), dilated = r.one_in(3);
  Dims x = {r.between(1, 2), groups * r.between(1, 9)}, w = {x[1], r.between(1, 17)};
  std::vector<int64_t> strides, dilations, extra, pads(static_cast<size_t>(2 * axes));
  for (int64_t i = 0; i < axes; ++i) {
    x.push_back(r.between(1, axes == 3 ? 5 : 9));
    w.push_back(r.between(1, 4));
    strides.push_back(strided ? r.between(1, 3) : 1);
    dilations.push_back(dilated ? r.between(1, 2) : 1);
    extra.push_back(r.below(strides.back()));
    const int64_t full = strides.back() * (x.back() - 1) + (w.back() - 1) * dilations.back() + 1;
    const auto at = static_cast<size_t>(i);  // pads leave something of the result
    pads[at] = r.below(std::min<int64_t>(2, full));
    pads[at + static_cast<size_t>(axes)] = r.below(std::min<int64_t>(2, full - pads[at]));
  }
  m.laid_out(m.tensor(DType::f32, x));
  m.either(m.tensor(DType::f32, w, -1, 1));
  if (r.one_in(2)) m.either(m.tensor(DType::f32, {w[1] * groups}));
  if (groups > 1 || r.one_in(2)) m.attr("group", groups);
  if (strided) m.ints("strides", strides);
  if (dilated) m.ints("dilations", dilations);
  if (strided && r.one_in(3)) m.ints("output_padding", extra);
  if (r.one_in(6)) {
    m.attr("auto_pad", std::string(r.pick<const char*>({"SAME_UPPER", "SAME_LOWER", "VALID"})));
  } else if (r.one_in(2)) {
    m.ints("pads", pads);
  }
  return m.finish();
}

}  // namespace hone::kernel_tests
