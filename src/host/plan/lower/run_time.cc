#include "host/plan/lower/run_time.h"

#include <fmt/format.h>

#include "device/kernels/fill/fill.h"
#include "host/ops/axis_pads.h"
#include "host/ops/infer_util.h"

namespace hone::plan {

Result<std::vector<Dim>> run_time_sizes(Lowering& l, const Node& n, RunTimeSizes sizes) {
  if (l.depth() > 0) return unsupported("parameters known only when a branch runs");
  const std::string stem = "?" + l.graph().value(n.output(0)).name;
  const auto count = static_cast<int64_t>(sizes.bounds.size());
  const PlanValue found = l.temporary(stem, DType::i64, {Dim(count + 1)});
  l.step(n, "sizes", std::move(sizes.in), {found}, sizes.attrs, std::move(sizes.dims));
  std::vector<Dim> numbers;
  for (int64_t k = 0; k <= count; ++k) {
    // Of several nodes' one output may have taken the other's name.
    std::string symbol = fmt::format("{}.{}", stem, k);
    while (l.plan().find_data(symbol) != nullptr) symbol += "'";
    const Dim bound = k == 0 ? Dim(1) : sizes.bounds[static_cast<size_t>(k - 1)];
    l.measure(n, symbol, found, static_cast<int32_t>(k), bound);
    numbers.push_back(Dim::symbol(symbol));
  }
  l.check(numbers.front(), fmt::format("{} '{}': {}", n.op, n.name, sizes.wrong));
  numbers.erase(numbers.begin());
  return numbers;
}

Status set_size(Lowering& l, const Node& n, size_t output, size_t axis, const Dim& size,
                std::optional<Dim> bound) {
  const ValueId v = n.output(output);
  const Dim known = (*l.graph().fact(v).shape)[axis];
  if (known == size) return {};
  const bool open = known.is_symbol() && l.plan().find_data(known.symbol_name()) == nullptr &&
                    !l.plan().symbols.contains(known.symbol_name());
  if (!open) {
    l.check(Dim::apply(Dim::Op::equal, {known, size}),
            fmt::format("{} '{}' gives '{}' another size on axis {} than the model states", n.op,
                        n.name, l.graph().value(v).name, axis));
    return {};
  }
  if (const auto stated = l.stated(v, axis)) bound = stated;
  if (!bound) {
    return unsupported(fmt::format(
        "the size of '{}' on axis {} is known only when it runs, and the model states no bound",
        l.graph().value(v).name, axis));
  }
  // Measured from where it was written down: a number that a step fills in.
  const PlanValue written = l.temporary(known.symbol_name(), DType::i64, {});
  l.step(n, "fill", {}, {written}, kernels::FillAttrs{kernels::Fill::dims, 0, 0}, {size});
  l.measure(n, known.symbol_name(), written, 0, bound);
  return {};
}

Result<PlanValue> use_typed(Lowering& l, const Node& n, size_t input, DType type) {
  HONE_ASSIGN(PlanValue v, l.use_as(n.input(input), Layout::row_major));
  if (v == absent || l.at(v).dtype == type) return v;
  const PlanValue cast = l.temporary(n.name, type, l.at(v).shape);
  l.add_step(n, "cast", {v}, {cast}, {}, {});
  return cast;
}

// Axes or steps that only data tell: the sizes, places and steps are measured.
Status slice_by_data(Lowering& l, const Node& n) {
  const SymShape& x = *l.graph().fact(n.input(0)).shape;
  RunTimeSizes sizes{{kernels::Sizes::slice, 0}, {}, x, {}, {}};
  for (size_t i = 1; i < 5; ++i) {
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    sizes.in.push_back(v);
  }
  for (const Dim& size : x) {
    for (const Dim& bound : {size, size, size, Dim(1)}) sizes.bounds.push_back(bound);
  }
  sizes.wrong = "axes that are not those of x, each once, or a step of 0";
  HONE_ASSIGN(const std::vector<Dim> found, run_time_sizes(l, n, std::move(sizes)));
  std::vector<Dim> places, steps;
  for (size_t d = 0; d < x.size(); ++d) {
    const Dim* own = &found[4 * d];
    HONE_RETURN_IF_ERROR(set_size(l, n, 0, d, own[0], x[d]));
    places.push_back(x[d] - own[1]);
    steps.push_back((x[d] + Dim(1) - own[2]) * (Dim(2) * own[3] - Dim(1)));
  }
  places.insert(places.end(), steps.begin(), steps.end());
  HONE_ASSIGN(PlanValue from, l.use_as(n.input(0), Layout::row_major));
  l.add_step(n, "cut", {from}, {l.define_as(n.output(0), Layout::row_major)}, {},
             std::move(places));
  return {};
}

// Of every axis, begins and ends: those of the axes given, which only data may tell.
Result<std::vector<Dim>> pads_by_axis(Lowering& l, const Node& n, const std::vector<Dim>& pads,
                                      const std::vector<Dim>& axes, size_t rank) {
  if (pads.size() != 2 * axes.size()) return invalid("pads and axes differ in number");
  const ops::AxisFlags flags = ops::axis_flags(axes, rank);
  l.check(flags.valid,
          fmt::format("Pad '{}' has axes that are not those of {} dimensions, each once", n.name,
                      rank));
  return ops::spread_over_axes(pads, axes, rank);
}

}  // namespace hone::plan
