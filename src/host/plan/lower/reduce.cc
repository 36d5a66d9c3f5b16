// Reductions, ArgMax / ArgMin, Softmax.

#include "device/kernels/reduce/reduce.h"

#include <fmt/format.h>

#include <algorithm>

#include "device/kernels/softmax/softmax.h"
#include "host/ops/infer_util.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

using kernels::Reduce;

namespace {

struct ReduceRow {
  const char* op;
  Reduce code;
};
constexpr ReduceRow rows[] = {
    {"ReduceSum", Reduce::sum},        {"ReduceMean", Reduce::mean},
    {"ReduceMax", Reduce::max},        {"ReduceMin", Reduce::min},
    {"ReduceProd", Reduce::prod},      {"ReduceL1", Reduce::l1},
    {"ReduceL2", Reduce::l2},          {"ReduceSumSquare", Reduce::sum_square},
    {"ReduceLogSum", Reduce::log_sum}, {"ReduceLogSumExp", Reduce::log_sum_exp},
    {"ArgMax", Reduce::arg_max},       {"ArgMin", Reduce::arg_min},
};

Result<std::vector<int64_t>> reduced_axes(Lowering& l, const Node& n, int rank, bool arg) {
  if (arg) return std::vector<int64_t>{n.attributes.i("axis", 0)};
  HONE_ASSIGN(auto given, axes(l, n, 1));
  if (given && !given->empty()) return *given;
  if (n.attributes.i("noop_with_empty_axes", 0) != 0) return std::vector<int64_t>{};
  std::vector<int64_t> all;
  for (int i = 0; i < rank; ++i) all.push_back(i);
  return all;
}

// The axes as bits, where they are the elements of an input; each must be an axis, and one only
// once.
Result<Dim> computed_axes(Lowering& l, const Node& n, int rank) {
  HONE_ASSIGN(const std::vector<Dim> given, l.content(n, 1));
  const ops::AxisFlags flags = ops::axis_flags(given, static_cast<size_t>(rank));
  Dim bits(0);
  for (size_t d = 0; d < flags.of.size(); ++d) {
    bits = bits + Dim(int64_t{1} << d) * flags.of[d];
  }
  l.check(flags.valid,
          fmt::format("{} '{}' has axes that are not those of {} dimensions, each once", n.op,
                      n.name, rank));
  return bits;
}

// Without these axes dimensions that lie channels last are in their logical order: the channels, or
// all that they lie behind, are gone.
bool keeps_order(const std::vector<int64_t>& gone, int rank) {
  bool channels = false;
  int places = 0;
  for (int64_t axis : gone) {
    const int64_t at = axis < 0 ? axis + rank : axis;
    channels = channels || at == 1;
    places += at > 1;
  }
  return channels || places == rank - 2;
}

// Whether the axes are an input whose elements only data tell.
bool has_computed_axes(const Lowering& l, const Node& n) {
  const auto given =
      n.attributes.has("axes") ? Result<std::vector<Dim>>(std::vector<Dim>()) : l.content(n, 1);
  if (!given.ok()) return false;
  return std::any_of(given->begin(), given->end(), [](const Dim& d) { return !d.is_const(); });
}

Status lower_by_axes(Lowering& l, const Node& n, Reduce op) {
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(const Dim bits, computed_axes(l, n, rank));
  HONE_ASSIGN(const PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.step(n, "reduce", {x}, {y}, kernels::ReduceAttrs{op, 0, 0}, {bits});
  return {};
}

}  // namespace

Status lower_reduce(Lowering& l, const Node& n) {
  kernels::ReduceAttrs a{};
  for (const ReduceRow& r : rows) {
    if (n.op == r.op) a.op = r.code;
  }
  bool arg = a.op == Reduce::arg_max || a.op == Reduce::arg_min;
  if (!arg && n.input(1) != graph::none && has_computed_axes(l, n)) {
    return lower_by_axes(l, n, a.op);
  }
  const auto& fact = l.graph().fact(n.input(0));
  int rank = fact.rank();
  bool keep = n.attributes.i("keepdims", 1) != 0;
  HONE_ASSIGN(std::vector<int64_t> which, reduced_axes(l, n, rank, arg));
  // With the axes kept, a channels-last operand is reduced where it lies; dropping axes needs the
  // logical order back, unless what is left has it.
  Layout layout = keep ? l.graph().value(n.output(0)).layout : l.graph().value(n.input(0)).layout;
  if (!keep && !keeps_order(which, rank)) layout = Layout::row_major;
  for (int64_t axis : which) {
    HONE_ASSIGN(int at, normal_axis(axis, rank));
    a.axes |= 1u << graph::physical_axis(rank, at, layout);
  }
  a.select_last_index = static_cast<int32_t>(n.attributes.i("select_last_index", 0));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue y = l.define_as(n.output(0), keep ? layout : Layout::row_major);
  if (which.empty() && a.op != Reduce::l1 && a.op != Reduce::l2 && a.op != Reduce::sum_square &&
      a.op != Reduce::log_sum && a.op != Reduce::log_sum_exp) {
    l.copy(n, x, y);
    return {};
  }
  if (rank == 0) x = l.reshape_view(x, {Dim(1)}), y = l.reshape_view(y, {Dim(1)});
  l.step(n, "reduce", {x}, {y}, a);
  return {};
}

Status lower_softmax(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  int rank = fact.rank();
  if (fact.dtype == DType::bf16)
    return unsupported("sums rounded to bf16; --precision f32 has none");
  bool flat = n.version < 13;  // all dimensions from axis on are one
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", flat ? 1 : -1), std::max(rank, 1)));
  Layout layout = flat ? Layout::row_major : l.graph().value(n.output(0)).layout;
  kernels::SoftmaxAttrs a{};
  a.axis = flat ? axis : graph::physical_axis(rank, axis, layout);
  a.axis_end = flat ? rank : a.axis + 1;
  a.log = n.is("LogSoftmax");
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue y = l.define_as(n.output(0), layout);
  if (rank == 0) {
    x = l.reshape_view(x, {Dim(1)}), y = l.reshape_view(y, {Dim(1)});
    a.axis = 0, a.axis_end = 1;
  }
  l.step(n, "softmax", {x}, {y}, a);
  return {};
}

}  // namespace hone::plan
