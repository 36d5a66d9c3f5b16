// Scatter, ScatterElements, ScatterND, TensorScatter: copies of a tensor with updates written in.
#include <algorithm>

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Result<int64_t> normal_index(int64_t i, int64_t size) {
  if (i >= -size && i < size) return i < 0 ? i + size : i;
  return invalid(fmt::format("index {} is out of range for size {}", i, size));
}

enum class Reduction { none, add, mul, max, min };

Result<Reduction> reduction_of(const Node& node) {
  const std::string text = node.attributes.s("reduction", "none");
  if (text == "none") return Reduction::none;
  if (text == "add") return Reduction::add;
  if (text == "mul") return Reduction::mul;
  if (text == "max") return Reduction::max;
  if (text == "min") return Reduction::min;
  return invalid(fmt::format("reduction is '{}'", text));
}

template <class W>
W reduced(Reduction r, W a, W b) {
  switch (r) {
    case Reduction::none: return b;
    case Reduction::add: return wrap_add(a, b);
    case Reduction::mul: return wrap_mul(a, b);
    case Reduction::max: return a != a || a > b ? a : b;
    case Reduction::min: return a != a || a < b ? a : b;
  }
  return b;
}

// Where updates[i] goes in the data; `to` has one offset per update.
Status write(RefContext& ctx, const Tensor& data, const Tensor& updates,
             const std::vector<int64_t>& to, Reduction r) {
  if (updates.dtype() != data.dtype()) return bad_dtype(ctx.node(), updates.dtype());
  if (r == Reduction::none) {
    HONE_RETURN_IF_ERROR(check_size(data.dtype(), data.dims()));
    Mover mover(data.dtype(), data.dims());
    for (int64_t i = 0; i < data.count(); ++i) mover.put(i, data, i);
    for (size_t i = 0; i < to.size(); ++i) mover.put(to[i], updates, static_cast<int64_t>(i));
    ctx.set(0, std::move(mover).take());
    return {};
  }
  return in_domain(ctx.node(), data.dtype(), [&]<class W>() -> Status {
    // Sums and products of integers wrap: computed unsigned.
    using U = std::conditional_t<std::is_same_v<W, int64_t>, uint64_t, W>;
    const bool wraps = r == Reduction::add || r == Reduction::mul;
    std::vector<W> values = load<W>(data);
    const std::vector<W> from = load<W>(updates);
    for (size_t i = 0; i < to.size(); ++i) {
      W& v = values[static_cast<size_t>(to[i])];
      v = wraps ? static_cast<W>(reduced<U>(r, static_cast<U>(v), static_cast<U>(from[i])))
                : reduced<W>(r, v, from[i]);
    }
    ctx.set(0, store(data.dtype(), data.dims(), values));
    return {};
  });
}

// --- ScatterElements ----------------------------------------------------------------------------

Status infer_elements(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  HONE_RETURN_IF_ERROR(reduction_of(ctx.node()).status());
  if (ctx.has_rank(0)) {
    const int rank = ctx.in(0).rank();
    HONE_RETURN_IF_ERROR(check_rank(ctx, 1, rank, rank));
    HONE_RETURN_IF_ERROR(check_rank(ctx, 2, rank, rank));
    HONE_RETURN_IF_ERROR(normal_axis(ctx.node().attributes.i("axis", 0), rank).status());
  }
  return infer_same(ctx);
}

Status elements_along(RefContext& ctx) {
  const Tensor &data = ctx.in(0), &indices = ctx.in(1), &updates = ctx.in(2);
  HONE_ASSIGN(const Reduction r, reduction_of(ctx.node()));
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), data.rank()));
  const auto at = static_cast<size_t>(axis);
  if (indices.dims() != updates.dims() || indices.rank() != data.rank()) {
    return error(Code::shape_mismatch, "indices and updates differ in shape, or the data in rank");
  }
  for (size_t d = 0; d < data.dims().size(); ++d) {
    if (d != at && indices.dims()[d] > data.dims()[d]) {
      return error(Code::shape_mismatch, fmt::format("indices exceed the data along axis {}", d));
    }
  }
  Dims strides = row_major_strides(data.dims());
  const int64_t stride = std::exchange(strides[at], 0);
  std::vector<int64_t> to = ints_of(indices);
  Walk<1> walk(indices.dims(), {strides});
  for (int64_t& i : to) {
    HONE_ASSIGN(const int64_t index, normal_index(i, data.dims()[at]));
    i = walk.offset() + index * stride;
    walk.next();
  }
  return write(ctx, data, updates, to, r);
}

// --- ScatterND ----------------------------------------------------------------------------------

Status infer_nd(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1));
  HONE_RETURN_IF_ERROR(reduction_of(ctx.node()).status());
  if (ctx.has_rank(0) && ctx.has_rank(1) && ctx.shape(1).back().is_const()) {
    const int64_t depth = ctx.shape(1).back().value();
    if (depth < 0 || depth > ctx.in(0).rank()) {
      return error(Code::shape_mismatch,
                   fmt::format("indices of {} axes into rank {}", depth, ctx.in(0).rank()));
    }
  }
  return infer_same(ctx);
}

Status scatter_nd(RefContext& ctx) {
  const Tensor &data = ctx.in(0), &indices = ctx.in(1), &updates = ctx.in(2);
  HONE_ASSIGN(const Reduction r, reduction_of(ctx.node()));
  const int64_t depth = indices.rank() == 0 ? -1 : indices.dims().back();
  if (depth < 0 || depth > data.rank()) return error(Code::shape_mismatch, "the indices' depth");
  Dims expected(indices.dims().begin(), indices.dims().end() - 1);
  const int64_t tuples = element_count(expected);
  expected.insert(expected.end(), data.dims().begin() + depth, data.dims().end());
  if (updates.dims() != expected) {
    return error(Code::shape_mismatch, fmt::format("updates are {}, not {}",
                                                   to_string(updates.dims()), to_string(expected)));
  }
  const std::vector<int64_t> ints = ints_of(indices);
  const Dims strides = row_major_strides(data.dims());
  const int64_t inner =
      element_count(std::span<const int64_t>(data.dims()).subspan(static_cast<size_t>(depth)));
  std::vector<int64_t> to;
  for (int64_t i = 0; i < tuples; ++i) {
    int64_t start = 0;
    for (int64_t k = 0; k < depth; ++k) {
      const auto at = static_cast<size_t>(k);
      HONE_ASSIGN(const int64_t index,
                  normal_index(ints[static_cast<size_t>(i * depth + k)], data.dims()[at]));
      start += index * strides[at];
    }
    for (int64_t k = 0; k < inner; ++k) to.push_back(start + k);
  }
  return write(ctx, data, updates, to, r);
}

// --- TensorScatter ------------------------------------------------------------------------------

Status infer_cache(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  if (ctx.has_rank(0)) {
    const int rank = ctx.in(0).rank();
    HONE_RETURN_IF_ERROR(check_rank(ctx, 1, rank, rank));
    HONE_RETURN_IF_ERROR(normal_axis(ctx.node().attributes.i("axis", -2), rank).status());
  }
  return infer_same(ctx);
}

// Rows of `update` go to the rows of the cache from write_indices[batch] on.
Status cache(RefContext& ctx) {
  const Tensor &data = ctx.in(0), &updates = ctx.in(1);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -2), data.rank()));
  const auto at = static_cast<size_t>(axis);
  const bool circular = ctx.node().attributes.s("mode", "linear") == "circular";
  Dims expected = data.dims();
  if (updates.rank() == data.rank()) expected[at] = updates.dims()[at];
  if (axis == 0 || updates.dims() != expected || updates.dims()[at] > data.dims()[at]) {
    return error(Code::shape_mismatch, "the update does not fit the cache");
  }
  std::vector<int64_t> starts(static_cast<size_t>(data.dims()[0]), 0);
  if (ctx.has_input(2)) {
    starts = ints_of(ctx.in(2));
    if (static_cast<int64_t>(starts.size()) != data.dims()[0]) {
      return error(Code::shape_mismatch, "write_indices does not have the batch's size");
    }
  }
  Dims strides = row_major_strides(data.dims());
  const int64_t stride = std::exchange(strides[at], 0), size = data.dims()[at];
  std::vector<int64_t> to;
  Walk<1> walk(updates.dims(), {strides});
  for (int64_t i = 0; i < updates.count(); ++i, walk.next()) {
    const int64_t start = starts[static_cast<size_t>(walk.index()[0])];
    if (start < 0 || start > INT32_MAX) return invalid(fmt::format("write index {}", start));
    int64_t row = start + walk.index()[at];
    if (circular) row %= size;
    if (row >= size) return invalid(fmt::format("row {} of a cache of {}", row, size));
    to.push_back(walk.offset() + row * stride);
  }
  return write(ctx, data, updates, to, Reduction::none);
}

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec reduction[] = {{"reduction", AttrType::s}};
constexpr AttrSpec both[] = {{"axis", AttrType::i}, {"reduction", AttrType::s}};
constexpr AttrSpec cache_attrs[] = {{"axis", AttrType::i}, {"mode", AttrType::s}};
const OpDef defs[] = {
    {"", "Scatter", 9, 3, 3, 1, 1, axis, infer_elements, elements_along, no_flops, 0},
    {"", "ScatterElements", 11, 3, 3, 1, 1, axis, infer_elements, elements_along, no_flops, 0},
    {"", "ScatterElements", 16, 3, 3, 1, 1, both, infer_elements, elements_along, no_flops},
    {"", "ScatterND", 11, 3, 3, 1, 1, {}, infer_nd, scatter_nd, no_flops, 0},
    {"", "ScatterND", 16, 3, 3, 1, 1, reduction, infer_nd, scatter_nd, no_flops},
    {"", "TensorScatter", 24, 2, 3, 1, 1, cache_attrs, infer_cache, cache, no_flops, 0},
};

}  // namespace

std::span<const OpDef> scatter_defs() { return defs; }

}  // namespace hone::ops
