// GridSample -> family sample; RoiAlign and MaxRoiPool -> family roi.

#include "device/kernels/sample/sample.h"

#include <fmt/format.h>

#include "device/kernels/roi/roi.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

using kernels::RoiAttrs;
using kernels::RoiMode;
using kernels::SampleAttrs;
using kernels::SampleMode;
using kernels::SamplePadding;

Result<SampleAttrs> sample_attrs(const Node& n) {
  const std::string mode = n.attributes.s("mode", "linear");
  const std::string padding = n.attributes.s("padding_mode", "zeros");
  SampleAttrs a{SampleMode::linear, SamplePadding::zeros,
                n.attributes.i("align_corners", 0) != 0 ? 1 : 0};
  if (mode == "nearest") a.mode = SampleMode::nearest;
  if (mode == "cubic" || mode == "bicubic") a.mode = SampleMode::cubic;
  if (padding == "border") a.padding = SamplePadding::border;
  if (padding == "reflection") a.padding = SamplePadding::reflection;
  return a;
}

Status check_f32(const Lowering& l, const Node& n, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) {
    const DType t = l.graph().fact(n.input(i)).dtype;
    if (t != DType::f32) return unsupported(std::string("no kernel for ") + name(t));
  }
  return {};
}

// The dimensions moved so that the second is last, or back.
std::vector<size_t> to_last(size_t rank) {
  std::vector<size_t> perm = {0};
  for (size_t d = 2; d < rank; ++d) perm.push_back(d);
  perm.push_back(1);
  return perm;
}
std::vector<size_t> from_last(size_t rank) {
  std::vector<size_t> perm = {0, rank - 1};
  for (size_t d = 1; d + 1 < rank; ++d) perm.push_back(d);
  return perm;
}
PlanValue permuted(Lowering& l, PlanValue v, const std::vector<size_t>& perm) {
  const SymShape from = l.at(v).shape;
  const std::vector<Dim> own = l.strides_of(v);
  SymShape shape;
  std::vector<Dim> strides;
  for (size_t p : perm) shape.push_back(from[p]), strides.push_back(own[p]);
  return l.view(v, shape, std::move(strides), 0);
}

// x with its channels last; ranks without that layout are copied.
Result<PlanValue> channels_last(Lowering& l, const Node& n, ValueId v) {
  const size_t rank = l.graph().fact(v).shape->size();
  if (rank == 3 || rank == 4) return l.use_as(v, Layout::channels_last);
  HONE_ASSIGN(const PlanValue x, l.use_as(v, Layout::row_major));
  const PlanValue seen = permuted(l, x, to_last(rank));
  const PlanValue moved = l.temporary(n.name, DType::f32, l.at(seen).shape);
  l.copy(n, seen, moved);
  return moved;
}

}  // namespace

Status lower_grid_sample(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_f32(l, n, {0, 1}));
  const SymShape x = *l.graph().fact(n.input(0)).shape, y = *l.graph().fact(n.output(0)).shape;
  const size_t axes = x.size() - 2;
  if (axes < 1 || axes > 3) return unsupported("1 to 3 spatial axes have kernels");
  HONE_ASSIGN(const SampleAttrs a, sample_attrs(n));
  HONE_ASSIGN(PlanValue px, channels_last(l, n, n.input(0)));
  HONE_ASSIGN(PlanValue grid, l.use_as(n.input(1), Layout::row_major));
  const Dim points = graph::product(y, 2, y.size());
  SymShape wide = {x[0]};
  wide.insert(wide.end(), 3 - axes, Dim(1));
  wide.insert(wide.end(), x.begin() + 2, x.end());
  wide.push_back(x[1]);
  grid = l.reshape_view(grid, {y[0], points, Dim(static_cast<int64_t>(axes))});
  px = l.reshape_view(px, wide);
  const SymShape flat = {y[0], points, y[1]};
  if (axes < 3) {
    const PlanValue py = l.define_as(n.output(0), Layout::channels_last);
    l.step(n, "sample", {px, grid}, {l.reshape_view(py, flat)}, a);
    return {};
  }
  const PlanValue last = l.temporary(n.name, DType::f32, {y[0], y[2], y[3], y[4], y[1]});
  l.step(n, "sample", {px, grid}, {l.reshape_view(last, flat)}, a);
  l.copy(n, permuted(l, last, from_last(y.size())), l.define_as(n.output(0), Layout::row_major));
  return {};
}

Status lower_roi(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_f32(l, n, {0, 1}));
  const bool pool = n.is("MaxRoiPool");
  RoiAttrs a{RoiMode::average, 0, 0, n.attributes.f("spatial_scale", 1)};
  if (pool) a.mode = RoiMode::pool;
  if (n.attributes.s("mode", "avg") == "max") a.mode = RoiMode::largest;
  const std::string places = n.attributes.s("coordinate_transformation_mode", "half_pixel");
  a.half_pixel = n.version >= 16 && places == "half_pixel" ? 1 : 0;
  const int64_t ratio = n.attributes.i("sampling_ratio", 0);
  if (ratio > INT32_MAX) return unsupported(fmt::format("sampling_ratio {}", ratio));
  a.sampling_ratio = static_cast<int32_t>(ratio);
  HONE_ASSIGN(const PlanValue x, l.use_as(n.input(0), Layout::channels_last));
  std::vector<PlanValue> in = {x};
  for (size_t i = 1; i < (pool ? 2u : 3u); ++i) {
    HONE_ASSIGN(const PlanValue v, l.use_as(n.input(i), Layout::row_major));
    in.push_back(v);
  }
  l.step(n, "roi", std::move(in), {l.define_as(n.output(0), Layout::channels_last)}, a);
  return {};
}

}  // namespace hone::plan
