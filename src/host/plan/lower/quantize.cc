// QuantizeLinear and DequantizeLinear -> families quantize and dequantize, which see the tensor as
// [outer, axis, inner].

#include "device/kernels/quantize/quantize.h"

#include "device/kernels/dequantize/dequantize.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

// What of the node the kernels see.
struct Quantised {
  SymShape wide;   // [outer, axis, inner]
  SymShape scale;  // of scales and zero points
  int32_t block = 0;
  Layout layout = Layout::row_major;
};

Result<Quantised> quantised(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  const SymShape &x = *fact.shape, &s = *l.graph().fact(n.input(1)).shape;
  Quantised q;
  // Packed elements are permuted by no kernel.
  const bool packed = bits(fact.dtype) < 8 || bits(l.graph().fact(n.output(0)).dtype) < 8;
  const Layout layout = packed ? Layout::row_major : l.graph().value(n.output(0)).layout;
  if (graph::product(s, 0, s.size()) == Dim(1)) {  // one for all
    q.layout = layout;
    q.wide = {Dim(1), Dim(1), graph::product(x, 0, x.size())};
    q.scale = {Dim(1)};
    return q;
  }
  HONE_ASSIGN(int axis, normal_axis(n.attributes.i("axis", 1), fact.rank()));
  const int64_t block = n.attributes.i("block_size", 0);
  const bool blocked = block > 0 || s.size() != 1;
  if (!blocked) q.layout = layout;
  const SymShape physical = graph::physical_shape(x, q.layout);
  const auto at = static_cast<size_t>(graph::physical_axis(fact.rank(), axis, q.layout));
  q.wide = {graph::product(physical, 0, at), physical[at],
            graph::product(physical, at + 1, physical.size())};
  q.scale = {q.wide[1]};
  if (!blocked) return q;
  // Without block_size the blocks are as large as they must be.
  const auto blocks = s[at].const_value(), size = x[at].const_value();
  if (!blocks || !size || *blocks < 1) return unsupported("blocks of a dynamic size");
  const int64_t of_block =
      block > 0 ? block : std::max<int64_t>(1, (*size + *blocks - 1) / *blocks);
  if ((*size + of_block - 1) / of_block != *blocks || of_block > INT32_MAX) {
    return unsupported("blocks that do not fill the axis evenly");
  }
  q.block = static_cast<int32_t>(of_block);
  q.scale = {q.wide[0], Dim(*blocks), q.wide[2]};
  return q;
}

// x, scale and zero point as the kernels want them.
Result<std::vector<PlanValue>> operands(Lowering& l, const Node& n, const Quantised& q) {
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), q.layout));
  HONE_ASSIGN(PlanValue scale, l.use_as(n.input(1), Layout::row_major));
  HONE_ASSIGN(PlanValue zero, l.use_as(n.input(2), Layout::row_major));
  std::vector<PlanValue> in = {l.reshape_view(x, q.wide), l.reshape_view(scale, q.scale)};
  if (zero != absent) in.push_back(l.reshape_view(zero, q.scale));
  return in;
}

}  // namespace

Status lower_quantize(Lowering& l, const Node& n) {
  HONE_ASSIGN(Quantised q, quantised(l, n));
  const DType scale = l.graph().fact(n.input(1)).dtype, to = l.graph().fact(n.output(0)).dtype;
  auto precision = static_cast<DType>(n.attributes.i("precision", 0));
  // Powers of two divide exactly: what is rounded is a value of x's type.
  if (!is_float(precision) && scale == DType::f8e8m0) precision = l.graph().fact(n.input(0)).dtype;
  if (!is_float(precision) || precision == scale) precision = DType::none;
  const bool overflow = n.attributes.i("saturate", 1) == 0 && is_float(to);
  HONE_ASSIGN(std::vector<PlanValue> in, operands(l, n, q));
  PlanValue y = l.reshape_view(l.define_as(n.output(0), q.layout), q.wide);
  if (precision == DType::none && !overflow) {
    l.step(n, "quantize", std::move(in), {y}, kernels::QuantizeAttrs{q.block});
  } else {
    const kernels::QuantizeAllAttrs all{{q.block}, static_cast<int32_t>(precision), overflow};
    l.step(n, "quantize", std::move(in), {y}, all);
  }
  return {};
}

Status lower_dequantize(Lowering& l, const Node& n) {
  HONE_ASSIGN(Quantised q, quantised(l, n));
  HONE_ASSIGN(std::vector<PlanValue> in, operands(l, n, q));
  PlanValue y = l.reshape_view(l.define_as(n.output(0), q.layout), q.wide);
  l.step(n, "dequantize", std::move(in), {y}, kernels::DequantizeAttrs{q.block});
  return {};
}

}  // namespace hone::plan
