// Concat and its inverse, Split.
#include <utility>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- Concat
// ---------------------------------------------------------------------------------------

void concat_content(InferContext& ctx) {
  std::vector<Dim> all;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    const auto part = ctx.content(i);
    if (!part || all.size() + part->size() > graph::max_content) return;
    all.insert(all.end(), part->begin(), part->end());
  }
  ctx.set_content(0, std::move(all));
}

Status infer_concat(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  std::optional<SymShape> out;
  size_t at = 0;
  bool all_known = true;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_rank(i)) {
      all_known = false;
      continue;
    }
    const SymShape& shape = ctx.shape(i);
    HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 1), ctx.in(i).rank()));
    at = static_cast<size_t>(axis);
    if (!out) {
      out = shape;
      continue;
    }
    if (shape.size() != out->size()) {
      return error(Code::shape_mismatch,
                   fmt::format("input {} has rank {}, another {}", i, shape.size(), out->size()));
    }
    for (size_t d = 0; d < shape.size(); ++d) {
      if (d == at) {
        (*out)[d] = (*out)[d] + shape[d];
        continue;
      }
      const std::string what = fmt::format("sizes of axis {}", d);
      HONE_RETURN_IF_ERROR(check_equal((*out)[d], shape[d], what.c_str()));
      (*out)[d] = Dim(better((*out)[d], shape[d]));
    }
  }
  DType t = DType::none;
  for (size_t i = 0; i < ctx.inputs() && t == DType::none; ++i) t = ctx.in(i).dtype;
  if (!out) {
    ctx.set_unranked(0, t);
    return {};
  }
  if (!all_known) (*out)[at] = ctx.unknown(0, static_cast<int>(at));
  ctx.set(0, t, std::move(*out));
  concat_content(ctx);
  return {};
}

Status concat(RefContext& ctx) {
  const Tensor& first = ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 1), first.rank()));
  const auto at = static_cast<size_t>(axis);
  Dims out = first.dims();
  out[at] = 0;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
    Dims dims = ctx.in(i).dims();
    if (dims.size() == out.size()) out[at] += std::exchange(dims[at], out[at] + dims[at]);
    if (dims != out || ctx.in(i).dtype() != first.dtype()) {
      return error(Code::shape_mismatch,
                   fmt::format("input {} is {} {}", i, name(ctx.in(i).dtype()),
                               to_string(ctx.in(i).dims())));
    }
  }
  HONE_RETURN_IF_ERROR(check_size(first.dtype(), out));
  Mover mover(first.dtype(), out);
  const Dims strides = row_major_strides(out);
  int64_t start = 0;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    const Tensor& x = ctx.in(i);
    Walk<1> walk(x.dims(), {strides});
    for (int64_t k = 0; k < x.count(); ++k, walk.next()) mover.put(start + walk.offset(), x, k);
    start += x.dims()[at] * strides[at];
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- Split
// ----------------------------------------------------------------------------------------

// Sizes of `n` parts without explicit ones. From version 18 the last may be smaller; before, the
// axis must divide evenly.
Result<std::vector<Dim>> even_parts(const Node& node, const Dim& size, size_t n) {
  if (n == 0) return invalid("no outputs");
  const Dim count(static_cast<int64_t>(n));
  if (node.version >= 18) {
    const Dim part = ceil_div(size, count);
    std::vector<Dim> parts(n, part);
    parts.back() = size - part * Dim(static_cast<int64_t>(n) - 1);
    if (parts.back().is_const() && parts.back().value() < 0) {
      return error(Code::shape_mismatch,
                   fmt::format("size {} cannot be split into {}", to_string(size), n));
    }
    return parts;
  }
  if (auto exact = exact_div(size, count)) return std::vector<Dim>(n, *exact);
  if (size.is_const()) {
    return error(Code::shape_mismatch,
                 fmt::format("size {} is not a multiple of {}", size.value(), n));
  }
  return std::vector<Dim>(n, floor_div(size, count));
}

Status check_parts(const std::vector<Dim>& parts, const Dim& size, size_t outputs) {
  if (parts.size() != outputs) {
    return invalid(fmt::format("{} part sizes for {} outputs", parts.size(), outputs));
  }
  Dim sum(0);
  for (const Dim& part : parts) {
    if (part.is_const() && part.value() < 0) return invalid("a part has a negative size");
    sum = sum + part;
  }
  return check_equal(sum, size, "sum of the parts and size of the axis");
}

std::optional<std::vector<Dim>> explicit_parts(const InferContext& ctx, bool* given) {
  if (ctx.node().version < 13) {
    *given = ctx.node().attributes.has("split");
    const std::vector<int64_t> parts = ctx.node().attributes.ints("split");
    return std::vector<Dim>(parts.begin(), parts.end());
  }
  *given = ctx.has_input(1);
  return *given ? ctx.sizes(1) : std::nullopt;
}

void split_content(InferContext& ctx, const std::vector<Dim>& parts) {
  const auto content = ctx.content(0);
  if (!content || !graph::all_const(parts)) return;
  size_t start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t end = start + static_cast<size_t>(parts[i].value());
    if (end > content->size()) return;
    using It = std::ptrdiff_t;
    ctx.set_content(
        i, {content->begin() + static_cast<It>(start), content->begin() + static_cast<It>(end)});
    start = end;
  }
}

Status infer_split(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (!ctx.has_rank(0)) {
    for (size_t i = 0; i < ctx.outputs(); ++i) ctx.set_unranked(i, t);
    return {};
  }
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
  const auto at = static_cast<size_t>(axis);
  const Dim size = ctx.shape(0)[at];
  const auto wanted = ctx.node().attributes.i("num_outputs", static_cast<int64_t>(ctx.outputs()));
  if (wanted != static_cast<int64_t>(ctx.outputs())) {
    return invalid(fmt::format("num_outputs is {}, but there are {}", wanted, ctx.outputs()));
  }
  bool given = false;
  std::optional<std::vector<Dim>> parts = explicit_parts(ctx, &given);
  if (!given) {
    HONE_ASSIGN(parts, even_parts(ctx.node(), size, ctx.outputs()));
  } else if (parts) {
    HONE_RETURN_IF_ERROR(check_parts(*parts, size, ctx.outputs()));
  }
  for (size_t i = 0; i < ctx.outputs(); ++i) {
    SymShape shape = ctx.shape(0);
    shape[at] = parts ? (*parts)[i] : ctx.unknown(i, axis);
    ctx.set(i, t, std::move(shape));
  }
  if (parts) split_content(ctx, *parts);
  return {};
}

Status split(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const auto at = static_cast<size_t>(axis);
  const size_t n = ctx.node().outputs.size();
  std::vector<Dim> parts;
  if (ctx.node().version < 13 && ctx.node().attributes.has("split")) {
    const std::vector<int64_t> sizes = ctx.node().attributes.ints("split");
    parts.assign(sizes.begin(), sizes.end());
  } else if (ctx.node().version >= 13 && ctx.has_input(1)) {
    const std::vector<int64_t> sizes = ints_of(ctx.in(1));
    parts.assign(sizes.begin(), sizes.end());
  } else {
    HONE_ASSIGN(parts, even_parts(ctx.node(), Dim(x.dims()[at]), n));
  }
  HONE_RETURN_IF_ERROR(check_parts(parts, Dim(x.dims()[at]), n));
  const Dims strides = row_major_strides(x.dims());
  int64_t start = 0;
  for (size_t i = 0; i < n; ++i) {
    Dims dims = x.dims();
    dims[at] = parts[i].value();
    HONE_ASSIGN(Tensor y, strided_copy(x, dims, strides, start * strides[at]));
    ctx.set(i, std::move(y));
    start += dims[at];
  }
  return {};
}

constexpr AttrSpec concat_attrs[] = {{"axis", AttrType::i, true}};
constexpr AttrSpec split_2[] = {{"axis", AttrType::i}, {"split", AttrType::ints}};
constexpr AttrSpec split_13[] = {{"axis", AttrType::i}};
constexpr AttrSpec split_18[] = {{"axis", AttrType::i}, {"num_outputs", AttrType::i}};
const OpDef defs[] = {
    {"", "Concat", 4, 1, -1, 1, 1, concat_attrs, infer_concat, concat, no_flops},
    {"", "Split", 2, 1, 1, 1, -1, split_2, infer_split, split, no_flops},
    {"", "Split", 13, 1, 2, 1, -1, split_13, infer_split, split, no_flops},
    {"", "Split", 18, 1, 2, 1, -1, split_18, infer_split, split, no_flops},
};

}  // namespace

std::span<const OpDef> concat_defs() { return defs; }

}  // namespace hone::ops
