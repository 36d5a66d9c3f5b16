// Pixels at computed places: GridSample, RoiAlign, MaxRoiPool; Col2Im.
#include <cmath>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

// Some channels of every kind of remainder beside the vectors.
int64_t channels(Random& r) { return r.pick({1, 2, 3, 8, 15, 16, 17, 33}); }

}  // namespace

Result<Case> grid_sample_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t axes = r.pick({1, 2, 2, 2, 2, 3}), batch = r.between(1, 2);
  const bool early = m.node.version < 20;  // whose modes have other names
  m.attr("mode", early ? r.pick<std::string>({"bilinear", "nearest", "bicubic"})
                       : r.pick<std::string>({"linear", "nearest", "cubic"}));
  m.attr("padding_mode", r.pick<std::string>({"zeros", "border", "reflection"}));
  if (r.one_in(2)) m.attr("align_corners", r.below(2));
  Dims x = {batch, channels(r)}, grid = {batch};
  for (int64_t d = 0; d < axes; ++d) x.push_back(r.between(1, 9)), grid.push_back(r.between(1, 9));
  grid.push_back(axes);
  m.laid_out(m.tensor(DType::f32, x));
  m.input(m.tensor(DType::f32, grid, -1.6, 1.6));
  return m.finish();
}

Result<Case> roi_case(CaseMaker& m) {
  Random& r = m.r;
  const bool pool = m.is("MaxRoiPool");
  const int64_t batch = r.between(1, 3), regions = r.between(1, 5);
  const int64_t h = r.between(2, 20), w = r.between(2, 20);
  if (pool) {
    m.ints("pooled_shape", {r.between(1, 5), r.between(1, 5)});
  } else {
    m.attr("output_height", r.between(1, 5));
    m.attr("output_width", r.between(1, 5));
    m.attr("sampling_ratio", r.between(0, 3));
    if (r.one_in(2)) m.attr("mode", r.pick<std::string>({"avg", "max"}));
    if (m.has_attr("coordinate_transformation_mode") && r.one_in(2)) {
      m.attr("coordinate_transformation_mode",
             r.pick<std::string>({"half_pixel", "output_half_pixel"}));
    }
  }
  m.attr("spatial_scale", static_cast<float>(r.pick({0.25, 0.5, 1.0})));
  m.laid_out(m.tensor(DType::f32, {batch, channels(r), h, w}));
  Tensor rois(DType::f32, {regions, pool ? 5 : 4});
  Tensor pictures(DType::i64, {regions});
  for (int64_t i = 0; i < regions; ++i) {
    const auto n = static_cast<double>(r.below(batch));
    pictures.set(i, n);
    const int64_t at = pool ? 5 * i : 4 * i, first = pool ? 1 : 0;
    if (pool) rois.set(at, n);
    // Sometimes beyond the picture.
    for (int64_t k = 0; k < 2; ++k) {
      const double limit = static_cast<double>(k == 0 ? w : h) * 2;
      const double from = r.real(-2, limit), to = from + r.real(0, limit);
      rois.set(at + first + k, pool ? std::round(from) : from);
      rois.set(at + first + k + 2, pool ? std::round(to) : to);
    }
  }
  m.input(rois);
  if (!pool) m.input(pictures);
  return m.finish();
}

Result<Case> col2im_case(CaseMaker& m) {
  Random& r = m.r;
  std::vector<int64_t> image, block, strides, dilations, pads(4, 0);
  int64_t blocks = 1;
  for (size_t i = 0; i < 2; ++i) {
    block.push_back(r.between(1, 3)), strides.push_back(r.between(1, 3));
    dilations.push_back(r.between(1, 2));
    pads[i] = r.between(0, 2), pads[i + 2] = r.between(0, 2);
    const int64_t reach = (block[i] - 1) * dilations[i] + 1;
    image.push_back(reach + r.between(0, 9));
    blocks *= (image[i] + pads[i] + pads[i + 2] - reach) / strides[i] + 1;
  }
  m.ints("strides", strides);
  m.ints("dilations", dilations);
  m.ints("pads", pads);
  const int64_t rows = channels(r) * block[0] * block[1];
  m.input(m.tensor(DType::f32, {r.between(1, 2), rows, blocks}));
  m.constant(Tensor::of<int64_t>({2}, image));
  m.constant(Tensor::of<int64_t>({2}, block));
  return m.finish();
}

}  // namespace hone::kernel_tests
