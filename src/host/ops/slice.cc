// Slice: attributes before version 10, inputs since.
#include <algorithm>
#include <limits>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Exporters write "to the end" as a huge number: from here on it means just that, whatever the
// size.
constexpr int64_t huge = std::numeric_limits<int32_t>::max();

// --- symbolic
// ------------------------------------------------------------------------------------- Sizes are
// taken to be at least 1 here: an empty tensor is not sliced in a model that makes sense, and s - 1
// says more than s - min(1, s).

Dim least_of(const Dim& a, const Dim& b) {
  const Dim gap = b - a;
  if (gap.lower_bound().value_or(-1) >= 0) return a;
  if (gap.upper_bound().value_or(1) <= 0) return b;
  return min(a, b);
}
Dim at_least(const Dim& a, int64_t bound) {
  if (a.lower_bound().value_or(bound - 1) >= bound) return a;
  return max(a, Dim(bound));
}

// `at` (a start or an end) counted from the front and clamped to [low, size + high].
Dim clamped(const Dim& at, const Dim& size, int64_t low, int64_t high) {
  if (at.is_const()) {
    if (at.value() >= huge) return size + Dim(high);
    if (at.value() <= -huge) return Dim(low);
    if (at.value() < 0) return least_of(at_least(size + at, low), size + Dim(high));
    return at_least(least_of(at, size + Dim(high)), low);
  }
  if (at.lower_bound().value_or(-1) >= 0) return least_of(at, size + Dim(high));
  if (at.upper_bound().value_or(0) < 0) return at_least(size + at, low);
  const Dim from_front =
      Dim::apply(Dim::Op::select, {Dim::apply(Dim::Op::less, {at, Dim(0)}), size + at, at});
  return at_least(least_of(from_front, size + Dim(high)), low);
}

Dim sliced_size(const Dim& size, const Dim& start, const Dim& end, int64_t step) {
  // Forwards, [0, size] bounds both; backwards, the start lies in [0, size - 1] and the end in
  // [-1, size - 1].
  const bool forward = step > 0;
  const Dim first = clamped(start, size, 0, forward ? 0 : -1);
  const Dim last = clamped(end, size, forward ? 0 : -1, forward ? 0 : -1);
  const Dim span = forward ? last - first : first - last;
  const Dim width(forward ? step : step == INT64_MIN ? INT64_MAX : -step);
  return at_least(ceil_div(span, width), 0);
}

struct Spec {
  std::vector<int> axes;
  std::vector<Dim> starts, ends;
  std::vector<int64_t> steps;
};

Status check_lengths(size_t starts, size_t ends, size_t axes, size_t steps) {
  if (starts == ends && starts == axes && starts == steps) return {};
  return invalid(fmt::format("{} starts, {} ends, {} axes, {} steps", starts, ends, axes, steps));
}

std::vector<int64_t> first_axes(size_t n) {
  std::vector<int64_t> axes(n);
  for (size_t i = 0; i < n; ++i) axes[i] = static_cast<int64_t>(i);
  return axes;
}

// nullopt: something is not known yet. The rank is.
Result<std::optional<Spec>> spec_of(const InferContext& ctx, bool* axes_known,
                                    std::vector<int>* known_axes) {
  Spec spec;
  const int rank = ctx.in(0).rank();
  std::optional<std::vector<Dim>> starts, ends;
  std::optional<std::vector<int64_t>> axes, steps;
  if (ctx.node().version < 10) {
    const auto s = ctx.node().attributes.ints("starts"), e = ctx.node().attributes.ints("ends");
    starts.emplace(s.begin(), s.end());
    ends.emplace(e.begin(), e.end());
    axes = ctx.node().attributes.ints("axes", first_axes(s.size()));
    steps.emplace(s.size(), 1);
  } else {
    starts = ctx.sizes(1);
    ends = ctx.sizes(2);
    std::optional<size_t> n = content_size(ctx.in(1));
    if (!n) n = content_size(ctx.in(2));
    if (ctx.has_input(3)) axes = ctx.ints(3);
    if (!ctx.has_input(3) && n) axes = first_axes(*n);
    if (ctx.has_input(4)) steps = ctx.ints(4);
    if (!ctx.has_input(4) && n) steps.emplace(*n, 1);
  }
  *axes_known = axes.has_value();
  if (!axes) return std::optional<Spec>();
  HONE_ASSIGN(*known_axes, normal_axes(*axes, rank));
  if (!starts || !ends || !steps) return std::optional<Spec>();
  HONE_RETURN_IF_ERROR(check_lengths(starts->size(), ends->size(), axes->size(), steps->size()));
  for (int64_t step : *steps) {
    if (step == 0) return invalid("a step is 0");
  }
  return std::optional<Spec>(
      Spec{*known_axes, std::move(*starts), std::move(*ends), std::move(*steps)});
}

// --- concrete
// -------------------------------------------------------------------------------------

struct Run {
  int64_t start, step, count;
};

Run run_of(int64_t size, int64_t start, int64_t end, int64_t step) {
  const bool forward = step > 0;
  const auto from_front = [size](int64_t at) { return at < 0 ? at + size : at; };
  const int64_t low = forward ? 0 : -1, high = forward ? size : size - 1;
  const int64_t first = std::clamp<int64_t>(from_front(start), 0, std::max<int64_t>(high, 0));
  const int64_t last = std::clamp<int64_t>(from_front(end), low, std::max(high, low));
  if (size == 0 || (forward ? last <= first : first <= last)) return {0, 1, 0};
  // Unsigned: a step may be as far from 0 as int64 goes.
  const uint64_t width = forward ? static_cast<uint64_t>(step) : uint64_t{0} - uint64_t(step);
  const auto span = static_cast<uint64_t>(forward ? last - first : first - last);
  return {first, step, static_cast<int64_t>((span - 1) / width + 1)};
}

void slice_content(InferContext& ctx, const Spec& spec) {
  const auto content = ctx.content(0);
  if (!content || ctx.in(0).rank() != 1 || spec.axes.size() != 1) return;
  const Dim &start = spec.starts[0], &end = spec.ends[0];
  if (!start.is_const() || !end.is_const()) return;
  const Run run =
      run_of(static_cast<int64_t>(content->size()), start.value(), end.value(), spec.steps[0]);
  std::vector<Dim> out;
  for (int64_t i = 0, at = run.start; i < run.count; ++i, at += run.step) {
    out.push_back((*content)[static_cast<size_t>(at)]);
    if (i + 1 == run.count) break;
  }
  ctx.set_content(0, std::move(out));
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    HONE_RETURN_IF_ERROR(check_index_type(ctx, i, true));
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 1, 1));
  }
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  bool axes_known = false;
  std::vector<int> axes;
  HONE_ASSIGN(const std::optional<Spec> spec, spec_of(ctx, &axes_known, &axes));
  SymShape out = ctx.shape(0);
  for (size_t d = 0; d < out.size(); ++d) {
    const bool touched = std::find(axes.begin(), axes.end(), static_cast<int>(d)) != axes.end();
    if (!axes_known || touched) out[d] = ctx.unknown(0, static_cast<int>(d));
  }
  for (size_t i = 0; spec && i < spec->axes.size(); ++i) {
    const auto at = static_cast<size_t>(spec->axes[i]);
    const Dim& size = ctx.shape(0)[at];
    const Dim &start = spec->starts[i], &end = spec->ends[i];
    if (size.is_const() && start.is_const() && end.is_const()) {
      out[at] = Dim(run_of(size.value(), start.value(), end.value(), spec->steps[i]).count);
    } else {
      out[at] = sliced_size(size, start, end, spec->steps[i]);
    }
  }
  ctx.set(0, t, std::move(out));
  if (spec) slice_content(ctx, *spec);
  return {};
}

Status slice(RefContext& ctx, const std::vector<int64_t>& starts, const std::vector<int64_t>& ends,
             const std::vector<int64_t>& axes, const std::vector<int64_t>& steps) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(check_lengths(starts.size(), ends.size(), axes.size(), steps.size()));
  HONE_ASSIGN(const std::vector<int> normal, normal_axes(axes, x.rank()));
  Dims dims = x.dims(), strides = row_major_strides(dims);
  int64_t offset = 0;
  for (size_t i = 0; i < normal.size(); ++i) {
    if (steps[i] == 0) return invalid("a step is 0");
    const auto at = static_cast<size_t>(normal[i]);
    const Run run = run_of(dims[at], starts[i], ends[i], steps[i]);
    dims[at] = run.count;
    offset += run.start * strides[at];
    strides[at] = run.count > 1 ? strides[at] * run.step : 0;
  }
  HONE_ASSIGN(Tensor y, strided_copy(x, std::move(dims), strides, offset));
  ctx.set(0, std::move(y));
  return {};
}

Status reference_1(RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  const std::vector<int64_t> starts = a.ints("starts");
  return slice(ctx, starts, a.ints("ends"), a.ints("axes", first_axes(starts.size())),
               std::vector<int64_t>(starts.size(), 1));
}

Status reference(RefContext& ctx) {
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    if (ctx.has_input(i) && !is_integer(ctx.in(i).dtype())) {
      return bad_dtype(ctx.node(), ctx.in(i).dtype());
    }
  }
  const std::vector<int64_t> starts = ints_of(ctx.in(1));
  return slice(ctx, starts, ints_of(ctx.in(2)),
               ctx.has_input(3) ? ints_of(ctx.in(3)) : first_axes(starts.size()),
               ctx.has_input(4) ? ints_of(ctx.in(4)) : std::vector<int64_t>(starts.size(), 1));
}

constexpr AttrSpec attrs[] = {
    {"axes", AttrType::ints}, {"ends", AttrType::ints, true}, {"starts", AttrType::ints, true}};
const OpDef defs[] = {
    {"", "Slice", 1, 1, 1, 1, 1, attrs, infer, reference_1, no_flops},
    {"", "Slice", 10, 3, 5, 1, 1, {}, infer, reference, no_flops},
};

}  // namespace

std::span<const OpDef> slice_defs() { return defs; }

}  // namespace hone::ops
