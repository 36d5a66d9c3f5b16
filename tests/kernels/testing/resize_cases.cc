// Resize and Upsample: every mode, by scales and by sizes.
#include <cmath>

#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

// Scales that are sums of powers of two: positions are exact, so nearest has no ties that turn on
// the last bit.
constexpr double scales[] = {0.25, 0.5, 0.75, 1, 1, 1.25, 1.5, 2, 2, 3, 4};

void method(CaseMaker& m) {
  Random& r = m.r;
  const bool late = m.has_attr("coordinate_transformation_mode");
  const auto mode = r.pick<const char*>({"nearest", "nearest", "linear", "linear", "cubic"});
  m.attr("mode", std::string(late || r.one_in(2) ? mode : "nearest"));
  if (!late) return;
  m.attr("coordinate_transformation_mode",
         std::string(r.pick<const char*>({"half_pixel", "asymmetric", "align_corners",
                                          "pytorch_half_pixel", "tf_crop_and_resize"})));
  m.attr("nearest_mode", std::string(r.pick<const char*>(
                             {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})));
  if (r.one_in(3)) m.attr("cubic_coeff_a", -0.5f);
  if (r.one_in(3)) m.attr("extrapolation_value", 1.5f);
  if (m.node.attributes.s("mode", "") != "nearest" && r.one_in(4)) {
    m.attr("exclude_outside", int64_t{1});
  }
  if (m.has_attr("antialias") && r.one_in(3)) m.attr("antialias", int64_t{1});
}

}  // namespace

Result<Case> resize_case(CaseMaker& m) {
  Random& r = m.r;
  method(m);
  const int64_t rank = r.pick({2, 3, 4, 4, 4, 5});
  Dims dims = r.dims(rank, 1500);
  const bool nearest = m.node.attributes.s("mode", "") == "nearest";
  const DType t = nearest && r.one_in(3) ? r.pick({DType::u8, DType::i64, DType::f64}) : DType::f32;
  if (t != DType::f32) m.node.attributes.erase("extrapolation_value");
  if (m.is("Upsample") && m.node.version < 9 && !nearest) m.attr("mode", std::string("nearest"));
  std::vector<float> chosen;
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < rank; ++i) {
    double s = scales[r.below(std::size(scales))];
    if (m.is("Upsample") || (rank > 2 && i < 2 && !r.one_in(4))) s = i < 2 ? 1 : std::max(s, 1.0);
    auto& d = dims[static_cast<size_t>(i)];
    if (static_cast<double>(d) * s < 1) d = 4;
    chosen.push_back(static_cast<float>(s));
    sizes.push_back(static_cast<int64_t>(std::floor(static_cast<double>(d) * s)));
  }
  m.laid_out(m.tensor(t, dims));
  const Dims count = {rank};
  if (m.is("Upsample") && m.node.version < 9) {
    m.attr("scales", chosen);
    return m.finish();
  }
  if (m.is("Resize") && m.node.version >= 11) {
    std::vector<float> roi(static_cast<size_t>(2 * rank), 0.0f);
    for (int64_t i = 0; i < rank; ++i) {
      const bool whole = r.one_in(2);
      roi[static_cast<size_t>(i)] = whole ? 0.0f : 0.25f;
      roi[static_cast<size_t>(i + rank)] = whole ? 1.0f : 1.25f;
    }
    m.constant(Tensor::of<float>({2 * rank}, roi));
    if (r.one_in(2)) {  // by sizes; empty scales stand for none before 13
      m.node.version >= 13 ? m.absent() : m.constant(Tensor(DType::f32, {0}));
      m.constant(Tensor::of<int64_t>(count, sizes));
      return m.finish();
    }
  }
  m.constant(Tensor::of<float>(count, chosen));
  return m.finish();
}

}  // namespace hone::kernel_tests
