// Gathering and scattering by indices as data, sequences of indices, and what runs along one axis.

#include "device/kernels/cumulate/cumulate.h"
#include "device/kernels/dft/dft.h"
#include "device/kernels/gather_elements/gather_elements.h"
#include "device/kernels/gather_nd/gather_nd.h"
#include "device/kernels/scatter/scatter.h"
#include "device/kernels/topk/topk.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/run_time.h"

namespace hone::plan {

Status lower_gather_elements(Lowering& l, const Node& n) {
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 0), rank));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(1), Layout::row_major));
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  l.step(n, "gather_elements", {x, indices}, {y}, kernels::GatherElementsAttrs{axis});
  return {};
}

Status lower_gather_nd(Lowering& l, const Node& n) {
  kernels::GatherNdAttrs a{static_cast<int32_t>(n.attributes.i("batch_dims", 0))};
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue indices, l.use_as(n.input(1), Layout::row_major));
  l.step(n, "gather_nd", {x, indices}, {l.define_as(n.output(0), Layout::row_major)}, a);
  return {};
}

// The limit is in the number of elements, which the result's shape knows.
Status lower_range(Lowering& l, const Node& n) {
  const DType type = l.graph().fact(n.output(0)).dtype;
  const DType wide = type == DType::f16 || type == DType::bf16 ? DType::f32 : type;
  std::vector<PlanValue> given;
  for (size_t i = 0; i < 3; ++i) {
    HONE_ASSIGN(PlanValue v, use_typed(l, n, i, wide));
    given.push_back(v);
  }
  const Dim size = (*l.graph().fact(n.output(0)).shape)[0];
  if (size.is_symbol() && l.plan().find_data(size.symbol_name()) == nullptr &&
      !l.plan().symbols.contains(size.symbol_name())) {
    const std::string wrong = "no number of elements: a step of 0, or what is not a number";
    const Dim most = l.stated(n.output(0), 0).value_or(Dim(int64_t{1} << 31));
    HONE_ASSIGN(const std::vector<Dim> found,
                run_time_sizes(l, n, {{kernels::Sizes::range, 0}, given, {}, {most}, wrong}));
    HONE_RETURN_IF_ERROR(set_size(l, n, 0, 0, found[0]));
  }
  PlanValue y = l.define_as(n.output(0), Layout::row_major);
  const PlanValue made = wide == type ? y : l.temporary(n.name, wide, l.at(y).shape);
  l.add_step(n, "range", {given[0], given[2]}, {made}, {}, {});
  if (made != y) l.add_step(n, "cast", {made}, {y}, {}, {});
  return {};
}

Status lower_scatter(Lowering& l, const Node& n) {
  constexpr const char* names[] = {"none", "add", "mul", "max", "min"};
  kernels::ScatterAttrs a{-1, kernels::Scatter::write};
  const std::string reduction = n.attributes.s("reduction", "none");
  for (int i = 0; i < kernels::scatter_end; ++i) {
    if (reduction == names[i]) a.reduction = static_cast<kernels::Scatter>(i);
  }
  if (!n.is("ScatterND")) {
    const int rank = l.graph().fact(n.input(0)).rank();
    HONE_ASSIGN(a.axis, normal_axis(n.attributes.i("axis", 0), rank));
  }
  std::vector<PlanValue> in;
  for (size_t i = 0; i < 3; ++i) {
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    in.push_back(v);
  }
  l.step(n, "scatter", std::move(in), {l.define_as(n.output(0), Layout::row_major)}, a);
  return {};
}

// k is in the results' shape; which elements it may count, only the run may tell.
Status lower_topk(Lowering& l, const Node& n) {
  const SymShape& x = *l.graph().fact(n.input(0)).shape;
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", -1), static_cast<int>(x.size())));
  HONE_ASSIGN(PlanValue in, l.use_as(n.input(0), Layout::row_major));
  Dim k = n.attributes.i("k", 0);
  if (n.version >= 10) {
    HONE_ASSIGN(std::vector<Dim> given, l.content(n, 1));
    if (given.size() != 1) return unsupported("K is not one number");
    k = given[0];
  }
  SymShape shape = x;
  shape[static_cast<size_t>(axis)] = k;
  const Dim size = x[static_cast<size_t>(axis)];
  l.check(Dim::apply(Dim::Op::less, {k, size + Dim(1)}),
          "TopK '" + n.name + "' asks for more elements than there are");
  std::vector<PlanValue> out;
  for (size_t i = 0; i < 2; ++i) {
    const DType t = i == 0 ? l.at(in).dtype : DType::i64;
    out.push_back(n.output(i) == graph::none ? l.temporary(n.name, t, shape)
                                             : l.define_as(n.output(i), Layout::row_major));
  }
  l.step(n, "topk", {in}, std::move(out),
         kernels::TopkAttrs{axis, n.attributes.i("largest", 1) != 0 ? 1 : 0});
  return {};
}

Status lower_cumulate(Lowering& l, const Node& n) {
  const Layout layout = l.graph().value(n.output(0)).layout;
  const int rank = l.graph().fact(n.input(0)).rank();
  HONE_ASSIGN(const std::vector<Dim> given, l.content(n, 1));
  if (given.size() != 1) return unsupported("the axis is not one number");
  auto flag = [&](const char* name) { return n.attributes.i(name, 0) != 0 ? 1 : 0; };
  if (!given[0].is_const()) {
    const Dim below = Dim::apply(Dim::Op::less, {given[0], Dim(0)});
    const Dim axis = given[0] + Dim(rank) * below;
    const Dim low = Dim::apply(Dim::Op::less, {Dim(-1), axis});
    l.check(low * Dim::apply(Dim::Op::less, {axis, Dim(rank)}),
            n.op + " '" + n.name + "' has no such axis");
    const kernels::CumulateAttrs a{0, n.is("CumProd") ? 1 : 0, flag("exclusive"), flag("reverse")};
    HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
    l.step(n, "cumulate", {x}, {l.define_as(n.output(0), Layout::row_major)}, a,
           {max(Dim(0), min(axis, Dim(rank - 1)))});
    return {};
  }
  HONE_ASSIGN(int axis, normal_axis(given[0].value(), rank));
  kernels::CumulateAttrs a{graph::physical_axis(rank, axis, layout), n.is("CumProd") ? 1 : 0,
                           flag("exclusive"), flag("reverse")};
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  l.step(n, "cumulate", {x}, {l.define(n.output(0))}, a);
  return {};
}

Status lower_dft(Lowering& l, const Node& n) {
  const SymShape& shape = *l.graph().fact(n.input(0)).shape;
  const int rank = static_cast<int>(shape.size());
  if (!shape.back().is_const()) return unsupported("whether the signal is complex is not known");
  const auto flag = [&](const char* name) { return n.attributes.i(name, 0) != 0 ? 1 : 0; };
  const auto less = [](const Dim& a, const Dim& b) { return Dim::apply(Dim::Op::less, {a, b}); };
  std::vector<Dim> axis{Dim(n.attributes.i("axis", n.version >= 20 ? -2 : 1))}, length;
  if (n.input(2) != graph::none) {
    HONE_ASSIGN(axis, l.content(n, 2));
  }
  if (n.input(1) != graph::none) {
    HONE_ASSIGN(length, l.content(n, 1));
  }
  if (axis.size() != 1 || length.size() > 1) return unsupported("axis or length is not one number");
  const Dim at = axis[0] + Dim(rank) * less(axis[0], Dim(0));
  l.check(less(Dim(-1), at) * less(at, Dim(rank - 1)), "DFT '" + n.name + "' has no such axis");
  if (length.empty()) {
    Dim size(0);
    for (int d = 0; d + 1 < rank; ++d) {
      const Dim here = less(Dim(d - 1), at) * less(at, Dim(d + 1));
      size = size + here * shape[static_cast<size_t>(d)];
    }
    length = {flag("inverse") && flag("onesided") ? Dim(2) * (size - Dim(1)) : size};
  }
  l.check(less(Dim(0), length[0]) * less(length[0], Dim(kernels::longest_dft + 1)),
          "DFT '" + n.name + "' has lines of no length, or of more than 2^24");
  const kernels::DftAttrs a{flag("inverse"), flag("onesided")};
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  l.step(n, "dft", {x}, {l.define_as(n.output(0), Layout::row_major)}, a,
         {max(Dim(0), min(at, Dim(rank - 2))), max(length[0], Dim(1))});
  return {};
}

}  // namespace hone::plan
