// Resize and Upsample -> family resize, two neighbouring axes at a time.

#include "device/kernels/resize/resize.h"

#include <algorithm>
#include <bit>
#include <optional>

#include <fmt/format.h>

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/run_time.h"

namespace hone::plan {

namespace {

using kernels::ResizeAttrs;

// How one physical axis is resized.
struct AxisPlan {
  Dim numerator = 0, denominator = 0;  // of the scale; 0: `scale` counts
  float scale = 1, roi_begin = 0, roi_end = 1;
  std::optional<std::pair<Dim, Dim>> roi_bits;  // where only a run knows the region
  bool changes = false;
};

template <class E>
Status choose(const std::string& given, std::initializer_list<const char*> names, E* out) {
  auto it = std::find_if(names.begin(), names.end(), [&](const char* n) { return given == n; });
  if (it == names.end()) return unsupported(fmt::format("mode '{}'", given));
  *out = static_cast<E>(it - names.begin());
  return {};
}

Result<ResizeAttrs> method(const Node& n) {
  const graph::Attributes& at = n.attributes;
  const bool early = n.is("Upsample") || n.version < 11;
  ResizeAttrs a{};
  std::string mode = at.s("mode", "nearest");
  if (mode == "bilinear") mode = "linear";
  HONE_RETURN_IF_ERROR(choose(mode, {"nearest", "linear", "cubic"}, &a.mode));
  const std::string transform = at.s("coordinate_transformation_mode", "half_pixel");
  HONE_RETURN_IF_ERROR(choose(early ? "asymmetric" : transform,
                              {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel",
                               "half_pixel_symmetric", "tf_crop_and_resize"},
                              &a.transform));
  const std::string nearest = at.s("nearest_mode", "round_prefer_floor");
  HONE_RETURN_IF_ERROR(choose(early ? "floor" : nearest,
                              {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"},
                              &a.nearest));
  a.antialias = static_cast<int32_t>(at.i("antialias", 0));
  a.exclude_outside = static_cast<int32_t>(at.i("exclude_outside", 0));
  a.cubic_a = at.f("cubic_coeff_a", -0.75f);
  a.extrapolation = at.f("extrapolation_value", 0);
  return a;
}

bool crops(const ResizeAttrs& a) {
  return a.transform == kernels::ResizeTransform::tf_crop_and_resize;
}

std::vector<float> floats(const Tensor& t) {
  std::vector<float> out;
  for (int64_t i = 0; i < t.count(); ++i) out.push_back(static_cast<float>(t.at(i)));
  return out;
}

constexpr int64_t most_bits = 0x7f7fffff;  // of the largest float

// What the model states of the sizes of y, or else more than anything holds.
std::vector<Dim> most_of(const Lowering& l, const Node& n, const std::vector<size_t>& axes) {
  std::vector<Dim> most;
  for (size_t axis : axes) {
    most.push_back(l.stated(n.output(0), axis).value_or(Dim(int64_t{1} << 31)));
  }
  return most;
}

SymShape sizes_of(const SymShape& x, const std::vector<size_t>& axes) {
  SymShape sizes;
  for (size_t axis : axes) sizes.push_back(x[axis]);
  return sizes;
}

// Scales that only a run knows.
Status scales_by_data(Lowering& l, const Node& n, size_t input, const SymShape& x,
                      const std::vector<size_t>& axes, std::vector<AxisPlan>* plans) {
  HONE_ASSIGN(const PlanValue scales, use_typed(l, n, input, DType::f32));
  std::vector<Dim> bounds = most_of(l, n, axes);
  for (size_t axis : axes) {  // the smallest scale wants the most taps: binding reserves for it
    const float least =
        1 / static_cast<float>(std::max<int64_t>(x[axis].const_value().value_or(1 << 20), 1));
    bounds.push_back(Dim(most_bits - std::bit_cast<int32_t>(least)));
  }
  HONE_ASSIGN(const std::vector<Dim> found,
              run_time_sizes(l, n,
                             {{kernels::Sizes::scales, 0},
                              {scales},
                              sizes_of(x, axes),
                              bounds,
                              "scales that are not above 0, too large, or leave nothing"}));
  for (size_t i = 0; i < axes.size(); ++i) {
    HONE_RETURN_IF_ERROR(set_size(l, n, 0, axes[i], found[i]));
    (*plans)[axes[i]].numerator = Dim(most_bits) - found[axes.size() + i];
    (*plans)[axes[i]].denominator = Dim(-1);
  }
  return {};
}

// Sizes that only a run knows, of which one scale is taken.
Status aspect_by_data(Lowering& l, const Node& n, const SymShape& x,
                      const std::vector<size_t>& axes, std::vector<AxisPlan>* plans) {
  const bool smallest = n.attributes.s("keep_aspect_ratio_policy", "stretch") == "not_larger";
  HONE_ASSIGN(const PlanValue sizes, l.use_as(n.input(3), Layout::row_major));
  std::vector<Dim> bounds = most_of(l, n, axes);
  bounds.resize(axes.size() + 2, Dim(int64_t{1} << 31));
  HONE_ASSIGN(const std::vector<Dim> found,
              run_time_sizes(l, n,
                             {{kernels::Sizes::aspect, smallest ? 1 : 2},
                              {sizes},
                              sizes_of(x, axes),
                              bounds,
                              "sizes below 0 or too large, or nothing to resize"}));
  for (size_t i = 0; i < axes.size(); ++i) {
    HONE_RETURN_IF_ERROR(set_size(l, n, 0, axes[i], found[i]));
    (*plans)[axes[i]].numerator = found[axes.size()];
    (*plans)[axes[i]].denominator = found[axes.size() + 1];
  }
  return {};
}

// The region to crop, where only a run knows it.
Status region_by_data(Lowering& l, const Node& n, const std::vector<size_t>& axes,
                      std::vector<AxisPlan>* plans) {
  HONE_ASSIGN(const PlanValue roi, use_typed(l, n, 1, DType::f32));
  if (!(l.at(roi).shape == SymShape{Dim(static_cast<int64_t>(2 * axes.size()))})) {
    return unsupported("a region that is not two numbers for each axis");
  }
  const std::vector<Dim> bounds(2 * axes.size(), Dim(int64_t{UINT32_MAX}));
  HONE_ASSIGN(
      const std::vector<Dim> found,
      run_time_sizes(l, n, {{kernels::Sizes::floats, 0}, {roi}, {}, bounds, "a region of NaN"}));
  for (size_t i = 0; i < axes.size(); ++i) {
    (*plans)[axes[i]].roi_bits = {found[i], found[axes.size() + i]};
  }
  return {};
}

// keep_aspect_ratio_policy: the one scale that every axis takes, as a fraction.
Status keep_aspect(const Node& n, const SymShape& x, const std::vector<Dim>& sizes,
                   const std::vector<size_t>& axes, std::vector<AxisPlan>* plans) {
  const bool smallest = n.attributes.s("keep_aspect_ratio_policy", "stretch") == "not_larger";
  double best = 0;
  size_t which = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const double scale =
        static_cast<double>(sizes[i].value()) / static_cast<double>(x[axes[i]].value());
    if (i == 0 || (smallest ? scale < best : scale > best)) best = scale, which = i;
  }
  for (size_t axis : axes) {
    (*plans)[axis].numerator = sizes[which];
    (*plans)[axis].denominator = x[axes[which]];
  }
  return {};
}

// By logical axis.
Result<std::vector<AxisPlan>> axis_plans(Lowering& l, const Node& n, const ResizeAttrs& a) {
  const SymShape &x = *l.graph().fact(n.input(0)).shape, &y = *l.graph().fact(n.output(0)).shape;
  const int rank = static_cast<int>(x.size());
  std::vector<AxisPlan> plans(x.size());
  std::vector<size_t> axes;
  if (n.attributes.has("axes")) {
    for (int64_t given : n.attributes.ints("axes")) {
      HONE_ASSIGN(int axis, normal_axis(given, rank));
      axes.push_back(static_cast<size_t>(axis));
    }
  } else {
    for (size_t i = 0; i < x.size(); ++i) axes.push_back(i);
  }
  const bool upsample = n.is("Upsample"), late = !upsample && n.version >= 11;
  const size_t scales_at = late ? 2 : 1;
  if (late && n.input(3) != graph::none) {
    HONE_ASSIGN(std::vector<Dim> sizes, l.content(n, 3));
    if (sizes.size() != axes.size()) return invalid("sizes and axes differ in number");
    for (size_t i = 0; i < axes.size(); ++i) {
      plans[axes[i]].numerator = sizes[i];
      plans[axes[i]].denominator = x[axes[i]];
    }
    if (n.attributes.s("keep_aspect_ratio_policy", "stretch") != "stretch") {
      const bool known = graph::all_const(sizes) && graph::all_const(sizes_of(x, axes));
      HONE_RETURN_IF_ERROR(known ? keep_aspect(n, x, sizes, axes, &plans)
                                 : aspect_by_data(l, n, x, axes, &plans));
    }
  } else {
    const bool attribute = upsample && n.version < 9;
    const Tensor* given = attribute ? nullptr : l.graph().constant(n.input(scales_at));
    if (attribute || given != nullptr) {
      const auto scales = given != nullptr ? floats(*given) : n.attributes.floats("scales");
      if (scales.size() != axes.size()) return invalid("scales and axes differ in number");
      for (size_t i = 0; i < axes.size(); ++i) plans[axes[i]].scale = scales[i];
    } else {
      HONE_RETURN_IF_ERROR(scales_by_data(l, n, scales_at, x, axes, &plans));
    }
  }
  if (crops(a) && n.input(1) != graph::none) {
    const Tensor* given = l.graph().constant(n.input(1));
    const std::vector<float> roi = given != nullptr ? floats(*given) : std::vector<float>();
    if (given == nullptr) HONE_RETURN_IF_ERROR(region_by_data(l, n, axes, &plans));
    for (size_t i = 0; i < axes.size() && roi.size() == 2 * axes.size(); ++i) {
      plans[axes[i]].roi_begin = roi[i];
      plans[axes[i]].roi_end = roi[i + axes.size()];
    }
  }
  for (size_t i = 0; i < plans.size(); ++i) {
    AxisPlan& p = plans[i];
    p.changes = !(x[i] == y[i]) || p.roi_bits || p.roi_begin != 0 || p.roi_end != 1 ||
                (p.denominator == Dim(0) ? p.scale != 1 : !(p.numerator == p.denominator));
  }
  return plans;
}

// `to` = `from` resized along physical axes `first` and first + 1, or `first` alone.
void resize_step(Lowering& l, const Node& n, ResizeAttrs a, const std::vector<AxisPlan>& plans,
                 size_t first, bool both, PlanValue from, PlanValue to) {
  const SymShape x = l.at(from).shape, y = l.at(to).shape;
  const Dim outer = graph::product(x, 0, first);
  // A single axis is the vertical one: what lies inside it is one long row.
  const size_t behind = first + (both ? 2 : 1);
  const Dim inner = graph::product(x, behind, x.size());
  const AxisPlan none;
  const AxisPlan *h = &plans[first], *w = both ? &plans[first + 1] : &none;
  Dim in_h = x[first], out_h = y[first];
  Dim in_w = both ? x[first + 1] : Dim(1), out_w = both ? y[first + 1] : Dim(1);
  if (!both && inner == Dim(1)) {  // unless nothing does
    std::swap(h, w);
    std::swap(in_h, in_w), std::swap(out_h, out_w);
  }
  std::vector<Dim> dims = {h->numerator, h->denominator, w->numerator, w->denominator};
  if (h->roi_bits || w->roi_bits) {
    const std::pair<Dim, Dim> whole = {Dim(0), Dim(std::bit_cast<int32_t>(1.0f))};
    for (const AxisPlan* p : {h, w}) {
      const std::pair<Dim, Dim> ends = p->roi_bits.value_or(whole);
      dims.push_back(ends.first), dims.push_back(ends.second);
    }
  }
  a.scale_h = h->scale, a.roi_begin_h = h->roi_begin, a.roi_end_h = h->roi_end;
  a.scale_w = w->scale, a.roi_begin_w = w->roi_begin, a.roi_end_w = w->roi_end;
  l.step(n, "resize", {l.reshape_view(from, {outer, in_h, in_w, inner})},
         {l.reshape_view(to, {outer, out_h, out_w, inner})}, a, std::move(dims));
}

}  // namespace

Status lower_resize(Lowering& l, const Node& n) {
  HONE_ASSIGN(ResizeAttrs a, method(n));
  const auto& fact = l.graph().fact(n.input(0));
  if (a.mode != kernels::ResizeMode::nearest && fact.dtype != DType::f32) {
    return unsupported(std::string("no interpolating kernel for ") + name(fact.dtype));
  }
  if (crops(a) && a.extrapolation != 0 && fact.dtype != DType::f32) {
    return unsupported(std::string("no kernel extrapolates ") + name(fact.dtype));
  }
  HONE_ASSIGN(std::vector<AxisPlan> logical, axis_plans(l, n, a));
  const Layout layout = l.graph().value(n.output(0)).layout;
  const int rank = fact.rank();
  std::vector<AxisPlan> plans;
  for (int axis : graph::physical_order(rank, layout)) {
    plans.push_back(logical[static_cast<size_t>(axis)]);
  }
  struct Pass {
    size_t first;
    bool both;
  };
  std::vector<Pass> passes;
  for (size_t i = 0; i < plans.size(); ++i) {
    if (!plans[i].changes) continue;
    const bool both = i + 1 < plans.size() && plans[i + 1].changes;
    passes.push_back({i, both});
    i += both;
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue y = l.define_as(n.output(0), layout);
  if (passes.empty()) {
    l.copy(n, x, y);
    return {};
  }
  for (size_t i = 0; i < passes.size(); ++i) {
    PlanValue to = y;
    if (i + 1 < passes.size()) {
      SymShape shape = l.at(x).shape;
      shape[passes[i].first] = l.at(y).shape[passes[i].first];
      if (passes[i].both) shape[passes[i].first + 1] = l.at(y).shape[passes[i].first + 1];
      to = l.temporary(n.name, fact.dtype, shape);
    }
    resize_step(l, n, a, plans, passes[i].first, passes[i].both, x, to);
    x = to;
  }
  return {};
}

}  // namespace hone::plan
