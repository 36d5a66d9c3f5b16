// Reshape.
#include <algorithm>

#include "common/base/checked.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Symbolic size of the -1 dimension: the elements of `from` over those of `to`, equal dimensions
// cancelled first so that symbols divide out.
Dim inferred_size(SymShape from, const SymShape& to) {
  Dim divisor(1);
  for (const Dim& d : to) {
    const auto same = std::find(from.begin(), from.end(), d);
    if (same != from.end()) {
      from.erase(same);
    } else {
      divisor = divisor * d;
    }
  }
  const Dim total = graph::product(from, 0, from.size());
  if (auto exact = exact_div(total, divisor)) return *exact;
  return floor_div(total, divisor);
}

Status check_total(const SymShape& from, const SymShape& to, const char* how) {
  const Dim a = graph::product(from, 0, from.size()), b = graph::product(to, 0, to.size());
  if (!provably_different(a, b)) return {};
  return error(Code::shape_mismatch, fmt::format("{} elements of {} cannot {} {}", to_string(a),
                                                 to_string(from), how, to_string(to)));
}

// Fills the -1 of `out` at `minus_one`.
Status fill_inferred(InferContext& ctx, const std::optional<SymShape>& from, size_t minus_one,
                     SymShape* out) {
  if (!from) {
    (*out)[minus_one] = ctx.unknown(0, static_cast<int>(minus_one));
    return {};
  }
  SymShape rest = *out;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(minus_one));
  const Dim divisor = graph::product(rest, 0, rest.size());
  if (divisor == Dim(0)) {
    return error(Code::shape_mismatch, "-1 beside a dimension of size 0 has no meaning");
  }
  (*out)[minus_one] = inferred_size(*from, rest);
  return all_const(*from) && all_const(rest) ? check_total(*from, *out, "become") : Status();
}

// Sizes that only data tell may be 0 (copied from the input) and -1 (what is left), too. True where
// there is one.
bool resolve_data_sizes(const Fact& data, bool allow_zero, SymShape* out) {
  using Op = Dim::Op;
  std::vector<bool> open(out->size());
  bool any = false;
  for (size_t i = 0; i < out->size(); ++i) {
    Dim& d = (*out)[i];
    // The input's own size at this place is a size, whatever its expression could be.
    const bool copied = data.has_rank() && i < data.shape->size() && d == (*data.shape)[i];
    open[i] = !d.is_const() && !copied && d.lower_bound(1).value_or(-1) < 0;
    any = any || open[i];
    if (!open[i] || allow_zero || !data.has_rank() || i >= data.shape->size()) continue;
    d = Dim::apply(Op::select, {Dim::apply(Op::equal, {d, Dim(0)}), (*data.shape)[i], d});
  }
  if (!any || !data.has_rank()) return any;
  Dim others(1);
  for (const Dim& d : *out) {
    if (d == Dim(-1)) return any;  // the model's own -1: no other
    others = others * Dim::apply(Op::select, {Dim::apply(Op::equal, {d, Dim(-1)}), Dim(1), d});
  }
  const Dim rest = floor_div(graph::product(*data.shape, 0, data.shape->size()), others);
  for (size_t i = 0; i < out->size(); ++i) {
    if (!open[i]) continue;
    Dim& d = (*out)[i];
    d = Dim::apply(Op::select, {Dim::apply(Op::equal, {d, Dim(-1)}), rest, d});
  }
  return any;
}

Status infer_to(InferContext& ctx, const std::vector<Dim>& target) {
  const Fact& data = ctx.in(0);
  const bool allow_zero = ctx.node().attributes.i("allowzero", 0) != 0;
  SymShape out = target;
  std::optional<size_t> minus_one;
  for (size_t i = 0; i < out.size(); ++i) {
    const std::optional<int64_t> size = out[i].const_value();
    if (!size || *size > 0) continue;
    if (*size < -1) return invalid(fmt::format("the target shape has the size {}", *size));
    if (*size == -1) {
      if (minus_one) return invalid("the target shape has more than one -1");
      minus_one = i;
    } else if (!allow_zero) {
      if (data.has_rank() && i >= data.shape->size()) {
        return error(Code::shape_mismatch, fmt::format("dimension {} is to be copied from {}", i,
                                                       to_string(*data.shape)));
      }
      out[i] = data.has_rank() ? (*data.shape)[i] : ctx.unknown(0, static_cast<int>(i));
    }
  }
  const bool open = resolve_data_sizes(data, allow_zero, &out);
  if (minus_one) {
    HONE_RETURN_IF_ERROR(fill_inferred(ctx, data.shape, *minus_one, &out));
  } else if (open) {
    // Known when the data are.
  } else if (data.has_rank()) {
    HONE_RETURN_IF_ERROR(check_total(*data.shape, out, "become"));
  }
  ctx.set(0, data.dtype, std::move(out));
  if (auto content = ctx.content(0)) ctx.set_content(0, std::move(*content));
  return {};
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  if (const auto target = ctx.sizes(1)) return infer_to(ctx, *target);
  const std::optional<size_t> rank = ctx.has_rank(1) ? content_size(ctx.in(1)) : std::nullopt;
  if (!rank) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape out;
  for (size_t i = 0; i < *rank; ++i) out.push_back(ctx.unknown(0, static_cast<int>(i)));
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

Status reference(RefContext& ctx) {
  const Tensor& data = ctx.in(0);
  const bool allow_zero = ctx.node().attributes.i("allowzero", 0) != 0;
  if (ctx.in(1).dtype() != DType::i64) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  Dims out = ints_of(ctx.in(1));
  int64_t known = 1;
  std::optional<size_t> minus_one;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == -1 && !minus_one) {
      minus_one = i;
      continue;
    }
    if (out[i] == 0 && !allow_zero && i < data.dims().size()) out[i] = data.dims()[i];
    if (out[i] < 0 || mul_overflows(known, out[i], &known)) {
      return invalid(fmt::format("the target shape is {}", to_string(out)));
    }
  }
  if (minus_one) {
    if (known == 0) return error(Code::shape_mismatch, "-1 beside a dimension of size 0");
    out[*minus_one] = data.count() / known;
    known *= out[*minus_one];
  }
  if (known != data.count()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} cannot become {}", to_string(data.dims()), to_string(out)));
  }
  ctx.set(0, data.reshaped(std::move(out)));
  return {};
}

constexpr AttrSpec allow_zero[] = {{"allowzero", AttrType::i}};
const OpDef defs[] = {
    {"", "Reshape", 5, 2, 2, 1, 1, {}, infer, reference, no_flops},
    {"", "Reshape", 14, 2, 2, 1, 1, allow_zero, infer, reference, no_flops},
};

}  // namespace

std::span<const OpDef> reshape_defs() { return defs; }

}  // namespace hone::ops
