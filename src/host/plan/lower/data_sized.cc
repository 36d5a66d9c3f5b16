// Results whose size the data decide: a kernel fills the beginning of the largest possible result
// and says how much of it counts; from there on the size is a symbol that is measured.

#include "device/kernels/gather/gather.h"
#include "device/kernels/nms/nms.h"
#include "device/kernels/unique/unique.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

// The symbol of dimension `axis` of output 0.
Result<std::string> size_symbol(const Lowering& l, const Node& n, size_t axis) {
  const Dim& size = (*l.graph().fact(n.output(0)).shape)[axis];
  if (size.is_symbol()) return size.symbol_name();
  return unsupported("the model declares a fixed size for what the data decide");
}

// Coordinates of the elements of x that are not 0: i64 [rank, most], of which `symbol` count.
PlanValue nonzero_of(Lowering& l, const Node& n, PlanValue x, const std::string& symbol) {
  const SymShape shape = l.at(x).shape;
  const Dim most = graph::product(shape, 0, shape.size());
  PlanValue where =
      l.temporary(symbol, DType::i64, {Dim(static_cast<int64_t>(shape.size())), most});
  PlanValue count = l.temporary(symbol + ".count", DType::i64, {});
  l.add_step(n, "nonzero", {x}, {where, count}, {}, {});
  l.measure(n, symbol, count, 0, most);
  return where;
}

}  // namespace

Status lower_nonzero(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  if (l.at(x).shape.empty()) return unsupported("NonZero of a scalar");
  HONE_ASSIGN(std::string symbol, size_symbol(l, n, 1));
  PlanValue where = nonzero_of(l, n, x, symbol);
  l.define_view_as(n.output(0), where, Layout::row_major);
  return {};
}

// Gather with the places of what the condition keeps.
Status lower_compress(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  HONE_ASSIGN(PlanValue condition, l.use_as(n.input(1), Layout::row_major));
  SymShape shape = l.at(x).shape;
  if (!n.attributes.has("axis")) {
    if (!l.is_dense(x)) return unsupported("Compress of a view");
    shape = {graph::product(shape, 0, shape.size())};
    x = l.reshape_view(x, shape);
  }
  int rank = static_cast<int>(shape.size());
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 0), rank));
  HONE_ASSIGN(std::string symbol, size_symbol(l, n, static_cast<size_t>(axis)));
  PlanValue where = nonzero_of(l, n, condition, symbol);
  PlanValue indices = l.reshape_view(where, {Dim::symbol(symbol)});
  l.step(n, "gather", {x, indices}, {l.define_as(n.output(0), Layout::row_major)},
         kernels::GatherAttrs{axis});
  return {};
}

// The subtensors along the axis as rows; the distinct ones are the first of as many.
Status lower_unique(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape shape = l.at(x).shape;
  const auto own = l.strides_of(x);
  const bool flat = !n.attributes.has("axis");
  const auto rank = static_cast<int>(shape.size());
  size_t axis = 0;
  Dim rows = graph::product(shape, 0, shape.size());
  PlanValue matrix = x;
  SymShape turned;  // the axis in front
  if (!flat) {
    HONE_ASSIGN(const int at, normal_axis(n.attributes.i("axis", 0), rank));
    axis = static_cast<size_t>(at);
    rows = shape[axis];
    std::vector<Dim> strides;
    for (size_t d = 0; d <= shape.size(); ++d) {
      const size_t from = d == 0 ? axis : d - 1;
      if (d > 0 && from == axis) continue;
      turned.push_back(shape[from]), strides.push_back(own[from]);
    }
    matrix = l.temporary(n.name, l.at(x).dtype, turned);
    l.copy(n, l.view(x, turned, std::move(strides), 0), matrix);
  } else if (!l.is_dense(x)) {
    return unsupported("Unique of a view");
  }
  const Dim width = flat ? Dim(1) : graph::product(turned, 1, turned.size());
  HONE_ASSIGN(const std::string symbol, size_symbol(l, n, axis));
  std::vector<PlanValue> out = {l.temporary(n.name, l.at(x).dtype, {rows, width})};
  for (int i = 0; i < 3; ++i) out.push_back(l.temporary(n.name, DType::i64, {rows}));
  const PlanValue count = l.temporary(symbol + ".count", DType::i64, {});
  out.push_back(count);
  l.step(n, "unique", {l.reshape_view(matrix, {rows, width})}, out,
         kernels::UniqueAttrs{n.attributes.i("sorted", 1) != 0 ? 1 : 0});
  l.measure(n, symbol, count, 0, rows);
  for (size_t i : {1, 3}) {  // as many, under names of their own
    if (n.output(i) == graph::none) continue;
    const Dim size = (*l.graph().fact(n.output(i)).shape)[0];
    if (!size.is_symbol())
      return unsupported("the model declares a fixed size for what the data decide");
    l.measure(n, size.symbol_name(), count, 0, rows);
  }
  for (size_t i = 1; i < 4; ++i) {
    if (n.output(i) != graph::none) l.define_view_as(n.output(i), out[i], Layout::row_major);
  }
  if (flat || axis == 0) {
    l.define_view_as(n.output(0), out[0], Layout::row_major);
    return {};
  }
  turned[0] = Dim::symbol(symbol);
  const PlanValue found = l.reshape_view(out[0], turned);
  const auto strides = l.strides_of(found);
  SymShape back = shape;
  back[axis] = turned[0];
  std::vector<Dim> moved;
  for (size_t d = 0; d < shape.size(); ++d) {
    moved.push_back(strides[d == axis ? 0 : d < axis ? d + 1 : d]);
  }
  l.copy(n, l.view(found, back, std::move(moved), 0), l.define_as(n.output(0), Layout::row_major));
  return {};
}

Status lower_nms(Lowering& l, const Node& n) {
  HONE_ASSIGN(std::string symbol, size_symbol(l, n, 0));
  std::vector<PlanValue> in;
  for (size_t i : {0, 1, 3, 4}) {
    HONE_ASSIGN(PlanValue v, l.use_as(n.input(i), Layout::row_major));
    in.push_back(v);
  }
  const SymShape scores = l.at(in[1]).shape;
  Dim per_class(0);
  if (n.input(2) != graph::none) {
    HONE_ASSIGN(std::vector<Dim> given, l.content(n, 2));
    if (given.size() != 1) return unsupported("max_output_boxes_per_class is not one number");
    per_class = max(min(given[0], scores[2]), Dim(0));
  }
  const Dim most = scores[0] * scores[1] * per_class;
  PlanValue kept = l.temporary(symbol, DType::i64, {most, Dim(3)});
  PlanValue count = l.temporary(symbol + ".count", DType::i64, {});
  kernels::NmsAttrs a{n.attributes.i("center_point_box", 0) != 0 ? 1 : 0};
  l.step(n, "nms", in, {kept, count}, a, {per_class});
  l.measure(n, symbol, count, 0, most);
  l.define_view_as(n.output(0), kept, Layout::row_major);
  return {};
}

}  // namespace hone::plan
