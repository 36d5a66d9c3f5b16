// Results whose size the data decide: a kernel fills the beginning of the largest possible result
// and says how much of it counts; from there on the size is a symbol that is measured.

#include "device/kernels/gather/gather.h"
#include "device/kernels/nms/nms.h"
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
