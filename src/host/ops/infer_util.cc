#include "host/ops/infer_util.h"

#include <fmt/format.h>

#include <algorithm>

namespace hone::ops {

AxisFlags axis_flags(const std::vector<Dim>& axes, size_t rank) {
  AxisFlags flags;
  const auto size = static_cast<int64_t>(rank), count = static_cast<int64_t>(axes.size());
  auto is = [](const Dim& a, int64_t b) { return Dim::apply(Dim::Op::equal, {a, Dim(b)}); };
  Dim named(0);
  for (int64_t d = 0; d < size; ++d) {
    Dim flag(0);
    for (const Dim& a : axes) flag = max(flag, max(is(a, d), is(a, d - size)));
    flags.of.push_back(flag);
    named = named + flag;
  }
  flags.valid = is(named, count);
  for (int64_t d = 0; d < size; ++d) {
    Dim& flag = flags.of[static_cast<size_t>(d)];
    flag = Dim::apply(Dim::Op::select, {flags.valid, flag, Dim(d < count ? 1 : 0)});
  }
  return flags;
}

Result<int> normal_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return invalid(fmt::format("axis {} is out of range for rank {}", axis, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<std::vector<int>> normal_axes(std::span<const int64_t> axes, int rank) {
  std::vector<int> normal;
  for (int64_t axis : axes) {
    HONE_ASSIGN(const int a, normal_axis(axis, rank));
    if (std::find(normal.begin(), normal.end(), a) != normal.end()) {
      return invalid(fmt::format("axis {} is given twice", axis));
    }
    normal.push_back(a);
  }
  return normal;
}

Status check_rank(const InferContext& ctx, size_t i, int least, int most) {
  if (!ctx.has_input(i) || !ctx.has_rank(i)) return {};
  const int rank = ctx.in(i).rank();
  if (rank >= least && (most < 0 || rank <= most)) return {};
  const std::string wanted = least == most ? fmt::format("{}", least)
                             : most < 0    ? fmt::format("at least {}", least)
                                           : fmt::format("{} to {}", least, most);
  return error(Code::shape_mismatch, fmt::format("input {} has rank {}, not {}", i, rank, wanted));
}

Status check_same_dtype(const InferContext& ctx, size_t first, size_t end) {
  DType seen = DType::none;
  for (size_t i = first; i < std::min(end, ctx.inputs()); ++i) {
    const DType t = ctx.in(i).dtype;
    if (t == DType::none) continue;
    if (seen != DType::none && t != seen) {
      return invalid(fmt::format("inputs have different types: {} and {}", name(seen), name(t)));
    }
    seen = t;
  }
  return {};
}

Status check_float(const InferContext& ctx, size_t i) {
  const DType t = ctx.in(i).dtype;
  if (t == DType::none || is_float(t)) return {};
  return invalid(fmt::format("input {} has type {}, not a floating-point type", i, name(t)));
}

Status check_index_type(const InferContext& ctx, size_t i, bool or_i32) {
  const DType t = ctx.in(i).dtype;
  if (t == DType::none || t == DType::i64 || (or_i32 && t == DType::i32)) return {};
  return invalid(
      fmt::format("input {} has type {}, not {}", i, name(t), or_i32 ? "i32 or i64" : "i64"));
}

bool provably_different(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  return difference.lower_bound(0).value_or(0) > 0 || difference.upper_bound(0).value_or(0) < 0;
}

Status check_equal(const Dim& a, const Dim& b, const char* what) {
  if (!provably_different(a, b)) return {};
  return error(Code::shape_mismatch,
               fmt::format("{}: {} and {} differ", what, to_string(a), to_string(b)));
}

const Dim& better(const Dim& a, const Dim& b) { return b.is_const() && !a.is_const() ? b : a; }

namespace {

// d with every `atom`, a symbol or an operation, replaced.
Dim with_replaced(const Dim& d, const Dim& atom, const Dim& by) {
  Dim sum = 0;
  for (const Dim::Term& t : d.terms()) {
    Dim product = t.coefficient;
    for (const auto& f : t.factors) {
      const bool symbol = !f->symbol.empty();
      Dim factor = symbol ? Dim::symbol(f->symbol) : Dim::apply(f->op, f->args);
      if (factor == atom) {
        factor = by;
      } else if (!symbol) {
        std::vector<Dim> args;
        for (const Dim& arg : f->args) args.push_back(with_replaced(arg, atom, by));
        factor = Dim::apply(f->op, std::move(args));
      }
      product = product * factor;
    }
    sum = sum + product;
  }
  return sum;
}

// Whether b is a, given that a is the size of something and so not negative: with a = x - 1,
// max(0, x - 1) is a as well.
bool same_as_size(const Dim& a, const Dim& b) {
  const std::set<std::string> known = b.symbols();
  for (const Dim::Term& t : a.terms()) {
    if (t.coefficient != 1 || t.factors.size() != 1) continue;
    const Dim::Atom& f = *t.factors[0];
    const Dim atom = f.symbol.empty() ? Dim::apply(f.op, f.args) : Dim::symbol(f.symbol);
    const Dim rest = a - atom, size = Dim::symbol("size");
    if (!rest.is_const() || known.contains("size")) return false;
    return with_replaced(b, atom, size - rest) == size;
  }
  return false;
}

}  // namespace

Result<Dim> broadcast_dim(const Dim& a, const Dim& b, std::optional<Dim> otherwise) {
  const Dim one(1);
  if (a == b || b == one) return a;
  if (a == one) return b;
  if (a.is_const() && b.is_const()) {
    return error(Code::shape_mismatch,
                 fmt::format("sizes {} and {} cannot be broadcast", a.value(), b.value()));
  }
  // A size that is not 1 wins over one that can only be 1 or the same. (Sizes are at least 1.)
  for (const Dim& d : {a, b}) {
    if (d.is_const()) return d;
  }
  for (const Dim& d : {a, b}) {
    if (d.lower_bound(1).value_or(0) > 1) return d;
  }
  // A slice of a table, [min(s, 512)], beside [s]: what is never larger can only be the same or 1.
  for (const auto& [large, small] : {std::pair(a, b), std::pair(b, a)}) {
    if (max(large, small) == large && small.lower_bound(1).value_or(0) >= 1) return large;
  }
  if (same_as_size(a, b)) return a;
  if (same_as_size(b, a)) return b;
  if (otherwise) return *otherwise;
  return Dim::apply(Dim::Op::select, {Dim::apply(Dim::Op::equal, {a, one}), b, a});
}

Result<std::optional<SymShape>> broadcast_inputs(const InferContext& ctx, size_t first,
                                                 size_t end) {
  end = std::min(end, ctx.inputs());
  size_t rank = 0;
  for (size_t i = first; i < end; ++i) {
    if (!ctx.has_input(i)) continue;
    if (!ctx.has_rank(i)) return std::optional<SymShape>();
    rank = std::max(rank, ctx.shape(i).size());
  }
  SymShape out(rank, Dim(1));
  for (size_t i = first; i < end; ++i) {
    if (!ctx.has_input(i)) continue;
    const SymShape& shape = ctx.shape(i);
    const size_t skip = rank - shape.size();
    for (size_t d = 0; d < shape.size(); ++d) {
      HONE_ASSIGN(out[skip + d], broadcast_dim(out[skip + d], shape[d]));
    }
  }
  return std::optional<SymShape>(std::move(out));
}

Fact shaped_like(const Fact& fact, DType dtype) {
  Fact out;
  out.kind = fact.kind;
  out.dtype = dtype;
  out.shape = fact.shape;
  return out;
}

Status infer_same(InferContext& ctx) {
  ctx.set(0, shaped_like(ctx.in(0), ctx.in(0).dtype));
  return {};
}

Status infer_same_float(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  return infer_same(ctx);
}

Status infer_same_content(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same(ctx));
  if (auto content = ctx.content(0)) ctx.set_content(0, std::move(*content));
  return {};
}

std::optional<size_t> content_size(const Fact& fact) {
  if (!fact.has_rank() || fact.rank() > 1) return std::nullopt;
  if (fact.rank() == 0) return 1;
  const std::optional<int64_t> size = (*fact.shape)[0].const_value();
  if (!size || *size < 0 || *size > static_cast<int64_t>(graph::max_content)) return std::nullopt;
  return static_cast<size_t>(*size);
}

}  // namespace hone::ops
