// Resize, and Upsample, what it was called before version 10. Interpolation is separable: every
// axis is resized by itself.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Which input holds what; -1: none does.
struct Slots {
  int roi = -1, scales = -1, sizes = -1;
};
Slots slots_of(const Node& node) {
  if (node.op == "Upsample") return {-1, node.version >= 9 ? 1 : -1, -1};
  if (node.version < 11) return {-1, 1, -1};
  return {1, 2, 3};
}

std::string policy_of(const Node& node) {
  return node.attributes.s("keep_aspect_ratio_policy", "stretch");
}

Result<std::vector<int>> axes_of(const Node& node, int rank) {
  std::vector<int64_t> axes = node.attributes.ints("axes");
  if (!node.attributes.has("axes")) {
    for (int i = 0; i < rank; ++i) axes.push_back(i);
  }
  return normal_axes(axes, rank);
}

// As ONNX's own shape inference computes it, in float: 0.7 x 10 is 7.
Result<int64_t> scaled_size(int64_t size, double scale) {
  const float scaled = std::floor(static_cast<float>(size) * static_cast<float>(scale));
  if (scale > 0 && scaled >= 0 && scaled < 1e15f) return static_cast<int64_t>(scaled);
  return invalid(fmt::format("the scale {} of size {}", scale, size));
}

// --- inference
// ------------------------------------------------------------------------------------

std::optional<std::vector<double>> known_scales(const InferContext& ctx, int slot) {
  if (slot < 0) {
    const std::vector<float> scales = ctx.node().attributes.floats("scales");
    return std::vector<double>(scales.begin(), scales.end());
  }
  const Tensor* t = ctx.constant(static_cast<size_t>(slot));
  if (t == nullptr || !is_float(t->dtype())) return std::nullopt;
  return to_doubles(*t);
}

Result<Dim> scaled_dim(const InferContext& ctx, const Dim& size, double scale, int axis) {
  if (size.is_const()) {
    HONE_ASSIGN(const int64_t n, scaled_size(size.value(), scale));
    return Dim(n);
  }
  if (!(scale > 0) || std::isinf(scale)) return invalid(fmt::format("a scale is {}", scale));
  if (scale == std::floor(scale) && scale >= 1 && scale < 1e6) {
    return size * Dim(static_cast<int64_t>(scale));
  }
  const double inverse = 1 / scale;
  if (inverse == std::floor(inverse) && inverse >= 1 && inverse < 1e6) {
    return floor_div(size, Dim(static_cast<int64_t>(inverse)));
  }
  return ctx.unknown(0, axis);
}

Status infer_by_scales(InferContext& ctx, const std::vector<int>& axes,
                       const std::optional<std::vector<double>>& scales, SymShape* out) {
  if (scales && scales->size() != axes.size()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} scales for {} axes", scales->size(), axes.size()));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& size = (*out)[static_cast<size_t>(axes[i])];
    if (!scales) {
      size = ctx.unknown(0, axes[i]);
      continue;
    }
    HONE_ASSIGN(size, scaled_dim(ctx, size, (*scales)[i], axes[i]));
  }
  return {};
}

Status infer_by_sizes(InferContext& ctx, const std::vector<int>& axes,
                      const std::optional<std::vector<Dim>>& sizes, SymShape* out) {
  if (sizes && sizes->size() != axes.size()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} sizes for {} axes", sizes->size(), axes.size()));
  }
  const bool stretch = policy_of(ctx.node()) == "stretch";
  for (size_t i = 0; i < axes.size(); ++i) {
    if (sizes && (*sizes)[i].is_const() && (*sizes)[i].value() < 0) {
      return invalid(fmt::format("a size is {}", (*sizes)[i].value()));
    }
    (*out)[static_cast<size_t>(axes[i])] = sizes && stretch ? (*sizes)[i] : ctx.unknown(0, axes[i]);
  }
  return {};
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const Slots slots = slots_of(ctx.node());
  SymShape out = ctx.shape(0);
  HONE_ASSIGN(const std::vector<int> axes, axes_of(ctx.node(), ctx.in(0).rank()));
  if (slots.sizes >= 0 && ctx.has_input(static_cast<size_t>(slots.sizes))) {
    HONE_RETURN_IF_ERROR(
        infer_by_sizes(ctx, axes, ctx.sizes(static_cast<size_t>(slots.sizes)), &out));
  } else {
    HONE_RETURN_IF_ERROR(infer_by_scales(ctx, axes, known_scales(ctx, slots.scales), &out));
  }
  ctx.set(0, t, std::move(out));
  return {};
}

// --- reference
// --------------------------------------------------------------------------------------

struct AxisPlan {
  int axis = 0;
  double scale = 1;
  int64_t in = 0, out = 0;
  double roi_begin = 0, roi_end = 1;
};

enum class Kernel { nearest, linear, cubic };

struct Method {
  Kernel kernel = Kernel::nearest;
  std::string transform, nearest;
  double cubic = -0.75, extrapolation = 0;
  bool antialias = false, exclude_outside = false;
};

Result<Method> method_of(const Node& node) {
  const graph::Attributes& a = node.attributes;
  Method m;
  const std::string mode = a.s("mode", "nearest");
  if (mode == "linear" || mode == "bilinear") m.kernel = Kernel::linear;
  if (mode == "cubic") m.kernel = Kernel::cubic;
  if (m.kernel == Kernel::nearest && mode != "nearest") {
    return invalid(fmt::format("mode is '{}'", mode));
  }
  const bool early = node.op == "Upsample" || node.version < 11;
  m.transform = early ? "asymmetric" : a.s("coordinate_transformation_mode", "half_pixel");
  m.nearest = early ? "floor" : a.s("nearest_mode", "round_prefer_floor");
  m.cubic = static_cast<double>(a.f("cubic_coeff_a", -0.75f));
  m.extrapolation = static_cast<double>(a.f("extrapolation_value", 0));
  m.antialias = a.i("antialias", 0) != 0 && m.kernel != Kernel::nearest;
  m.exclude_outside = a.i("exclude_outside", 0) != 0;
  return m;
}

// Where output position `y` lies in the input.
Result<double> origin(const Method& m, const AxisPlan& p, double y) {
  const auto in = static_cast<double>(p.in);
  const double exact = p.scale * in;  // the output's size before it was made whole
  if (m.transform == "half_pixel") return (y + 0.5) / p.scale - 0.5;
  if (m.transform == "asymmetric") return y / p.scale;
  if (m.transform == "align_corners") return exact == 1 ? 0 : y * (in - 1) / (exact - 1);
  if (m.transform == "pytorch_half_pixel") return exact == 1 ? -0.5 : (y + 0.5) / p.scale - 0.5;
  if (m.transform == "half_pixel_symmetric") {
    const double offset = in / 2 * (1 - static_cast<double>(p.out) / exact);
    return offset + (y + 0.5) / p.scale - 0.5;
  }
  if (m.transform == "tf_crop_and_resize") {
    const double span = (p.roi_end - p.roi_begin) * (in - 1);
    const double first = p.roi_begin * (in - 1);
    return first + (exact == 1 ? span / 2 : y * span / (exact - 1));
  }
  return unsupported(fmt::format("coordinate_transformation_mode '{}'", m.transform));
}

double cubic_weight(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

bool takes_upper(const std::string& mode, double ratio) {
  if (ratio == 1) return true;  // exactly there
  if (mode == "floor") return false;
  if (mode == "ceil") return true;
  return mode == "round_prefer_ceil" ? ratio >= 0.5 : ratio > 0.5;
}

struct Samples {
  int64_t first = 0;
  std::vector<double> weights;
};

// The elements around `x` and their weights. The one to the left of x is at distance ratio in
// (0, 1]; positions outside repeat the edge.
Samples samples_at(const Method& m, double x, double scale) {
  const double left = std::ceil(x) - 1, ratio = x - left;
  Samples s;
  if (m.kernel == Kernel::nearest) {
    s.first = static_cast<int64_t>(left) + takes_upper(m.nearest, ratio);
    s.weights = {1};
    return s;
  }
  // Antialiasing widens the kernel where the axis shrinks.
  const double narrow = m.antialias ? std::min(scale, 1.0) : 1.0;
  const double radius = m.kernel == Kernel::linear ? 1 : 2;
  const auto first = static_cast<int64_t>(std::floor(-radius / narrow)) + 1;
  s.first = static_cast<int64_t>(left) + first;
  double sum = 0;
  for (int64_t i = first; i < 2 - first; ++i) {
    const double at = narrow * (static_cast<double>(i) - ratio);
    const double weight =
        m.kernel == Kernel::linear ? std::max(0.0, 1 - std::fabs(at)) : cubic_weight(at, m.cubic);
    s.weights.push_back(weight);
    sum += weight;
  }
  if (m.antialias) {
    for (double& w : s.weights) w /= sum;
  }
  return s;
}

void drop_outside(Samples& s, int64_t size) {
  double sum = 0;
  for (size_t k = 0; k < s.weights.size(); ++k) {
    const int64_t at = s.first + static_cast<int64_t>(k);
    if (at < 0 || at >= size) s.weights[k] = 0;
    sum += s.weights[k];
  }
  for (double& w : s.weights) w /= sum;
}

Status resize_axis(const Method& m, const AxisPlan& p, Dims* dims, std::vector<double>* values) {
  const auto at = static_cast<size_t>(p.axis);
  const std::span<const int64_t> all(*dims);
  const int64_t outer = element_count(all.first(at)), inner = element_count(all.subspan(at + 1));
  Dims result = *dims;
  result[at] = p.out;
  HONE_RETURN_IF_ERROR(check_size(DType::f64, result));
  std::vector<double> out(static_cast<size_t>(element_count(result)));
  for (int64_t y = 0; y < p.out; ++y) {
    HONE_ASSIGN(const double x, origin(m, p, static_cast<double>(y)));
    if (!(std::fabs(x) < 1e15)) return invalid("a position is out of all bounds");
    const bool beyond =
        m.transform == "tf_crop_and_resize" && (x < 0 || x > static_cast<double>(p.in - 1));
    Samples s = beyond ? Samples() : samples_at(m, x, p.scale);
    if (m.exclude_outside) drop_outside(s, p.in);
    for (int64_t o = 0; o < outer; ++o) {
      double* to = out.data() + (o * p.out + y) * inner;
      if (beyond) std::fill(to, to + inner, m.extrapolation);
      for (size_t k = 0; k < s.weights.size(); ++k) {
        if (s.weights[k] == 0) continue;
        const int64_t row = std::clamp<int64_t>(s.first + static_cast<int64_t>(k), 0, p.in - 1);
        const double* from = values->data() + (o * p.in + row) * inner;
        for (int64_t i = 0; i < inner; ++i) to[i] += s.weights[k] * from[i];
      }
    }
  }
  *dims = std::move(result);
  *values = std::move(out);
  return {};
}

Status plan_sizes(const RefContext& ctx, const Tensor& sizes, std::vector<AxisPlan>* plans) {
  if (sizes.count() != static_cast<int64_t>(plans->size())) {
    return error(Code::shape_mismatch, "sizes and axes differ");
  }
  const std::vector<int64_t> given = ints_of(sizes);
  const std::string policy = policy_of(ctx.node());
  double common = policy == "not_larger" ? HUGE_VAL : 0;
  for (size_t i = 0; i < plans->size(); ++i) {
    AxisPlan& p = (*plans)[i];
    p.out = given[i];
    if (p.in == 0) return error(Code::shape_mismatch, "an axis is empty");
    p.scale = static_cast<double>(p.out) / static_cast<double>(p.in);
    common = policy == "not_larger" ? std::min(common, p.scale) : std::max(common, p.scale);
  }
  if (policy == "stretch") return {};
  for (AxisPlan& p : *plans) {
    p.scale = common;
    p.out = static_cast<int64_t>(std::floor(common * static_cast<double>(p.in) + 0.5));
  }
  return {};
}

Status plan_scales(const RefContext& ctx, int slot, std::vector<AxisPlan>* plans) {
  std::vector<double> scales;
  if (slot < 0) {
    const std::vector<float> given = ctx.node().attributes.floats("scales");
    scales.assign(given.begin(), given.end());
  } else if (ctx.has_input(static_cast<size_t>(slot))) {
    scales = load<double>(ctx.in(static_cast<size_t>(slot)));
  }
  if (scales.size() != plans->size()) {
    return error(Code::shape_mismatch, "scales and axes differ");
  }
  for (size_t i = 0; i < plans->size(); ++i) {
    AxisPlan& p = (*plans)[i];
    p.scale = scales[i];
    HONE_ASSIGN(p.out, scaled_size(p.in, p.scale));
  }
  return {};
}

Result<std::vector<AxisPlan>> plans_of(const RefContext& ctx) {
  const Slots slots = slots_of(ctx.node());
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const std::vector<int> axes, axes_of(ctx.node(), x.rank()));
  std::vector<AxisPlan> plans;
  for (int axis : axes) plans.push_back({axis, 1, x.dims()[static_cast<size_t>(axis)], 0});
  const auto present = [&ctx](int slot) {
    return slot >= 0 && ctx.has_input(static_cast<size_t>(slot));
  };
  if (present(slots.sizes)) {
    HONE_RETURN_IF_ERROR(plan_sizes(ctx, ctx.in(static_cast<size_t>(slots.sizes)), &plans));
  } else {
    HONE_RETURN_IF_ERROR(plan_scales(ctx, slots.scales, &plans));
  }
  if (present(slots.roi)) {
    const std::vector<double> roi = load<double>(ctx.in(static_cast<size_t>(slots.roi)));
    const size_t n = plans.size();
    for (size_t i = 0; i < n && roi.size() == 2 * n; ++i) {
      plans[i].roi_begin = roi[i];
      plans[i].roi_end = roi[n + i];
    }
  }
  return plans;
}

Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.dtype() == DType::string || is_complex(x.dtype())) return bad_dtype(ctx.node(), x.dtype());
  HONE_ASSIGN(const Method method, method_of(ctx.node()));
  HONE_ASSIGN(const std::vector<AxisPlan> plans, plans_of(ctx));
  Dims dims = x.dims();
  std::vector<double> values = load<double>(x);
  for (const AxisPlan& p : plans) {
    const bool same = p.scale == 1 && p.out == p.in && p.roi_begin == 0 && p.roi_end == 1;
    if (p.out < 0 || (p.in == 0 && p.out > 0)) return error(Code::shape_mismatch, "empty axis");
    if (!same) HONE_RETURN_IF_ERROR(resize_axis(method, p, &dims, &values));
  }
  ctx.set(0, store(x.dtype(), dims, values));
  return {};
}

double flops(const Graph& graph, const Node& node) {
  const bool cubic = node.attributes.s("mode", "nearest") == "cubic";
  return (cubic ? 32 : 8) * output_elements(graph, node);
}

constexpr AttrSpec mode[] = {{"mode", AttrType::s}};
constexpr AttrSpec upsample_7[] = {{"mode", AttrType::s}, {"scales", AttrType::floats, true}};
constexpr AttrSpec resize_11[] = {{"coordinate_transformation_mode", AttrType::s},
                                  {"cubic_coeff_a", AttrType::f},
                                  {"exclude_outside", AttrType::i},
                                  {"extrapolation_value", AttrType::f},
                                  {"mode", AttrType::s},
                                  {"nearest_mode", AttrType::s}};
constexpr AttrSpec resize_18[] = {{"antialias", AttrType::i},
                                  {"axes", AttrType::ints},
                                  {"coordinate_transformation_mode", AttrType::s},
                                  {"cubic_coeff_a", AttrType::f},
                                  {"exclude_outside", AttrType::i},
                                  {"extrapolation_value", AttrType::f},
                                  {"keep_aspect_ratio_policy", AttrType::s},
                                  {"mode", AttrType::s},
                                  {"nearest_mode", AttrType::s}};
const OpDef defs[] = {
    {"", "Upsample", 7, 1, 1, 1, 1, upsample_7, infer, reference, flops},
    {"", "Upsample", 9, 2, 2, 1, 1, mode, infer, reference, flops},
    {"", "Resize", 10, 2, 2, 1, 1, mode, infer, reference, flops},
    {"", "Resize", 11, 3, 4, 1, 1, resize_11, infer, reference, flops},
    {"", "Resize", 13, 1, 4, 1, 1, resize_11, infer, reference, flops},
    {"", "Resize", 18, 1, 4, 1, 1, resize_18, infer, reference, flops},
};

}  // namespace

std::span<const OpDef> resize_defs() { return defs; }

}  // namespace hone::ops
