// Gather, GatherElements, GatherND.
#include <algorithm>
#include <utility>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Index `i` counted from the front, in [0, size).
Result<int64_t> normal_index(int64_t i, int64_t size) {
  if (i >= -size && i < size) return i < 0 ? i + size : i;
  return invalid(fmt::format("index {} is out of range for size {}", i, size));
}

Status check_indices(const Node& node, const Tensor& t) {
  if (t.dtype() == DType::i32 || t.dtype() == DType::i64) return {};
  return bad_dtype(node, t.dtype());
}

// --- Gather
// ---------------------------------------------------------------------------------------

Status gather_content(InferContext& ctx) {
  const auto data = ctx.content(0);
  const auto indices = ctx.ints(1);
  if (!data || !indices || !ctx.has_rank(0) || ctx.in(0).rank() != 1) return {};
  std::vector<Dim> out;
  for (int64_t i : *indices) {
    HONE_ASSIGN(const int64_t at, normal_index(i, static_cast<int64_t>(data->size())));
    out.push_back((*data)[static_cast<size_t>(at)]);
    if (out.size() > graph::max_content) return {};
  }
  ctx.set_content(0, std::move(out));
  return {};
}

Status infer_gather(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape out = ctx.shape(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
  const SymShape& indices = ctx.shape(1);
  out.erase(out.begin() + axis);
  out.insert(out.begin() + axis, indices.begin(), indices.end());
  ctx.set(0, t, std::move(out));
  return gather_content(ctx);
}

Status gather(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &indices = ctx.in(1);
  HONE_RETURN_IF_ERROR(check_indices(ctx.node(), indices));
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const auto at = static_cast<size_t>(axis);
  const std::span<const int64_t> dims(x.dims());
  const int64_t size = dims[at], inner = element_count(dims.subspan(at + 1));
  std::vector<int64_t> rows = ints_of(indices);
  for (int64_t& r : rows) {
    HONE_ASSIGN(r, normal_index(r, size));
  }
  Dims out = x.dims();
  out.erase(out.begin() + axis);
  out.insert(out.begin() + axis, indices.dims().begin(), indices.dims().end());
  const auto n = static_cast<int64_t>(rows.size());
  HONE_ASSIGN(Tensor y, gather_elements(x, out, [&](int64_t i) {
                const int64_t outer = i / inner / n;
                return (outer * size + rows[static_cast<size_t>(i / inner % n)]) * inner +
                       i % inner;
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- GatherElements
// -------------------------------------------------------------------------------

Status infer_elements(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  if (ctx.has_rank(0)) {
    const int rank = ctx.in(0).rank();
    HONE_RETURN_IF_ERROR(check_rank(ctx, 1, rank, rank));
    HONE_RETURN_IF_ERROR(normal_axis(ctx.node().attributes.i("axis", 0), rank).status());
  }
  ctx.set(0, shaped_like(ctx.in(1), ctx.in(0).dtype));
  return {};
}

Status elements_along(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &indices = ctx.in(1);
  HONE_RETURN_IF_ERROR(check_indices(ctx.node(), indices));
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const auto at = static_cast<size_t>(axis);
  if (x.rank() != indices.rank()) return error(Code::shape_mismatch, "the ranks differ");
  for (size_t d = 0; d < x.dims().size(); ++d) {
    if (d != at && indices.dims()[d] > x.dims()[d]) {
      return error(Code::shape_mismatch, fmt::format("indices exceed the data along axis {}", d));
    }
  }
  Dims strides = row_major_strides(x.dims());
  const int64_t stride = std::exchange(strides[at], 0);
  std::vector<int64_t> rows = ints_of(indices);
  for (int64_t& r : rows) {
    HONE_ASSIGN(r, normal_index(r, x.dims()[at]));
  }
  Walk<1> walk(indices.dims(), {strides});
  HONE_ASSIGN(Tensor y, gather_elements(x, indices.dims(), [&](int64_t i) {
                const int64_t from = walk.offset() + rows[static_cast<size_t>(i)] * stride;
                walk.next();
                return from;
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- GatherND
// -------------------------------------------------------------------------------------

Status infer_nd(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  const int64_t batch = ctx.node().attributes.i("batch_dims", 0);
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1));
  if (!ctx.has_rank(0) || !ctx.has_rank(1) || !ctx.shape(1).back().is_const()) {
    ctx.set_unranked(0, t);
    return {};
  }
  const SymShape &data = ctx.shape(0), &indices = ctx.shape(1);
  const int64_t depth = indices.back().value();
  const auto rank = static_cast<int64_t>(data.size());
  if (batch < 0 || batch >= std::min<int64_t>(rank, ctx.in(1).rank()) || depth < 0 ||
      depth > rank - batch) {
    return error(Code::shape_mismatch,
                 fmt::format("indices of {} with batch_dims {} do not fit data of {}",
                             to_string(indices), batch, to_string(data)));
  }
  SymShape out(indices.begin(), indices.end() - 1);
  out.insert(out.end(), data.begin() + batch + depth, data.end());
  ctx.set(0, t, std::move(out));
  return {};
}

Status gather_nd(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &indices = ctx.in(1);
  HONE_RETURN_IF_ERROR(check_indices(ctx.node(), indices));
  const int64_t batch = ctx.node().attributes.i("batch_dims", 0);
  if (indices.rank() == 0 || batch < 0 || batch >= std::min(x.rank(), indices.rank())) {
    return error(Code::shape_mismatch, "batch_dims does not fit");
  }
  const int64_t depth = indices.dims().back();
  if (depth > x.rank() - batch) return error(Code::shape_mismatch, "indices are too deep");
  for (int64_t d = 0; d < batch; ++d) {
    const auto at = static_cast<size_t>(d);
    if (x.dims()[at] != indices.dims()[at]) {
      return error(Code::shape_mismatch, "the batch sizes differ");
    }
  }
  Dims out(indices.dims().begin(), indices.dims().end() - 1);
  const Dims outer = out;
  out.insert(out.end(), x.dims().begin() + batch + depth, x.dims().end());
  const Dims strides = row_major_strides(x.dims());
  Dims batch_strides(outer.size(), 0);
  std::copy_n(strides.begin(), batch, batch_strides.begin());
  const std::vector<int64_t> ints = ints_of(indices);
  std::vector<int64_t> starts;
  Walk<1> walk(outer, {batch_strides});
  const int64_t tuples = element_count(outer);
  for (int64_t i = 0; i < tuples; ++i, walk.next()) {
    int64_t start = walk.offset();
    for (int64_t k = 0; k < depth; ++k) {
      const auto at = static_cast<size_t>(batch + k);
      HONE_ASSIGN(const int64_t index,
                  normal_index(ints[static_cast<size_t>(i * depth + k)], x.dims()[at]));
      start += index * strides[at];
    }
    starts.push_back(start);
  }
  const int64_t inner =
      element_count(std::span<const int64_t>(x.dims()).subspan(static_cast<size_t>(batch + depth)));
  HONE_ASSIGN(Tensor y, gather_elements(x, out, [&](int64_t i) {
                return starts[static_cast<size_t>(i / inner)] + i % inner;
              }));
  ctx.set(0, std::move(y));
  return {};
}

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec batch_dims[] = {{"batch_dims", AttrType::i}};
const OpDef defs[] = {
    {"", "Gather", 1, 2, 2, 1, 1, axis, infer_gather, gather, no_flops},
    {"", "GatherElements", 11, 2, 2, 1, 1, axis, infer_elements, elements_along, no_flops},
    {"", "GatherND", 11, 2, 2, 1, 1, {}, infer_nd, gather_nd, no_flops},
    {"", "GatherND", 12, 2, 2, 1, 1, batch_dims, infer_nd, gather_nd, no_flops},
};

}  // namespace

std::span<const OpDef> gather_defs() { return defs; }

}  // namespace hone::ops
