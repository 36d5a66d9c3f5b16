// Clip: bounds as attributes before version 11, as inputs since.
#include <algorithm>
#include <limits>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  return infer_same(ctx);
}

// Where min > max, all is max: y = min(max, max(x, min)).
template <class W>
Status clip(RefContext& ctx, std::optional<W> least, std::optional<W> most) {
  const Tensor& x = ctx.in(0);
  std::vector<W> values = load<W>(x);
  for (W& v : values) {
    if (least && v < *least) v = *least;
    if (most && v > *most) v = *most;
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

template <class W>
Result<std::optional<W>> bound(const RefContext& ctx, size_t i) {
  if (!ctx.has_input(i)) return std::optional<W>();
  if (ctx.in(i).count() != 1 || ctx.in(i).dtype() != ctx.in(0).dtype()) {
    return invalid("a bound is not a scalar of X's type");
  }
  return std::optional<W>(load<W>(ctx.in(i))[0]);
}

Status reference(RefContext& ctx) {
  return in_domain(ctx.node(), ctx.in(0).dtype(), [&]<class W>() -> Status {
    HONE_ASSIGN(const std::optional<W> least, bound<W>(ctx, 1));
    HONE_ASSIGN(const std::optional<W> most, bound<W>(ctx, 2));
    return clip<W>(ctx, least, most);
  });
}

Status reference_6(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  const graph::Attributes& a = ctx.node().attributes;
  return clip<double>(ctx, a.f("min", std::numeric_limits<float>::lowest()),
                      a.f("max", std::numeric_limits<float>::max()));
}

constexpr AttrSpec bounds[] = {{"max", AttrType::f}, {"min", AttrType::f}};
const OpDef defs[] = {
    {"", "Clip", 6, 1, 1, 1, 1, bounds, infer, reference_6, nullptr},
    {"", "Clip", 11, 1, 3, 1, 1, {}, infer, reference, nullptr},
};

}  // namespace

std::span<const OpDef> clip_defs() { return defs; }

}  // namespace hone::ops
