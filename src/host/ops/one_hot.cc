// OneHot, EyeLike, Trilu, ReverseSequence: where an element goes depends on its place.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- OneHot -------------------------------------------------------------------------------------

Status infer_one_hot(InferContext& ctx) {
  const DType t = ctx.in(2).dtype;
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape out = ctx.shape(0);
  HONE_ASSIGN(const int axis,
              normal_axis(ctx.node().attributes.i("axis", -1), ctx.in(0).rank() + 1));
  Dim depth = ctx.unknown(0, axis);
  if (const auto content = ctx.sizes(1)) {
    if (content->size() != 1) return error(Code::shape_mismatch, "depth is not one number");
    depth = content->front();
  } else if (const Tensor* given = ctx.constant(1)) {
    if (given->count() != 1) return error(Code::shape_mismatch, "depth is not one number");
    if (is_float(given->dtype()) || is_integer(given->dtype())) depth = Dim(given->int_at(0));
  }
  if (depth.is_const() && depth.value() < 0) return invalid("depth is negative");
  out.insert(out.begin() + axis, depth);
  ctx.set(0, t, std::move(out));
  return {};
}

Status one_hot(RefContext& ctx) {
  const Tensor &indices = ctx.in(0), &depths = ctx.in(1), &values = ctx.in(2);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), indices.rank() + 1));
  if (depths.count() != 1 || values.count() != 2) {
    return error(Code::shape_mismatch, "depth is not one number, or values are not two");
  }
  const auto depth = static_cast<int64_t>(load<int64_t>(depths)[0]);
  Dims dims = indices.dims();
  dims.insert(dims.begin() + axis, depth);
  const std::vector<int64_t> hot = load<int64_t>(indices);
  const int64_t inner =
      element_count(std::span<const int64_t>(indices.dims()).subspan(static_cast<size_t>(axis)));
  HONE_ASSIGN(Tensor y, gather_elements(values, dims, [&](int64_t i) -> int64_t {
                const int64_t outer = i / inner / depth, place = i / inner % depth;
                const int64_t at = hot[static_cast<size_t>(outer * inner + i % inner)];
                return (at < 0 ? at + depth : at) == place ? 1 : 0;
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- EyeLike ------------------------------------------------------------------------------------

Status infer_eye(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 2));
  const int64_t t = ctx.node().attributes.i("dtype", 0);
  if (t < 0 || t >= dtype_count) return unsupported(fmt::format("dtype {}", t));
  ctx.set(0, shaped_like(ctx.in(0), t == 0 ? ctx.in(0).dtype : static_cast<DType>(t)));
  return {};
}

Status eye(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() != 2) return error(Code::shape_mismatch, "the rank is not 2");
  const int64_t given = ctx.node().attributes.i("dtype", 0);
  if (given < 0 || given >= dtype_count) return unsupported(fmt::format("dtype {}", given));
  const int64_t k = ctx.node().attributes.i("k", 0);
  const DType t = given == 0 ? x.dtype() : static_cast<DType>(given);
  HONE_RETURN_IF_ERROR(check_size(t, x.dims()));
  std::vector<uint64_t> values(static_cast<size_t>(x.count()));
  const int64_t columns = x.dims()[1];
  for (int64_t r = 0; r < x.dims()[0]; ++r) {
    if (k >= -r && k < columns - r) values[static_cast<size_t>(r * columns + r + k)] = 1;
  }
  ctx.set(0, store(t, x.dims(), values));
  return {};
}

// --- Trilu --------------------------------------------------------------------------------------

Status infer_trilu(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  return infer_same(ctx);
}

Status trilu(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() < 2) return error(Code::shape_mismatch, "the rank is below 2");
  int64_t k = 0;
  if (ctx.has_input(1)) {
    HONE_ASSIGN(k, scalar_int(ctx, 1));
  }
  const int64_t rows = x.dims()[x.dims().size() - 2], columns = x.dims().back();
  k = std::clamp(k, -rows, columns);
  const bool upper = ctx.node().attributes.i("upper", 1) != 0;
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), x.dims()));
  if (x.dtype() == DType::string) return bad_dtype(ctx.node(), x.dtype());
  Mover mover(x.dtype(), x.dims());  // zeros
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t across = i % columns - i / columns % rows;
    if (upper ? across >= k : across <= k) mover.put(i, x, i);
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- ReverseSequence ----------------------------------------------------------------------------

struct SequenceAxes {
  size_t time, batch;
};
Result<SequenceAxes> sequence_axes(const Node& node) {
  const int64_t time = node.attributes.i("time_axis", 0),
                batch = node.attributes.i("batch_axis", 1);
  if ((time == 0 && batch == 1) || (time == 1 && batch == 0)) {
    return SequenceAxes{static_cast<size_t>(time), static_cast<size_t>(batch)};
  }
  return invalid(fmt::format("time_axis {} and batch_axis {}", time, batch));
}

Status infer_reverse(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_ASSIGN(const SequenceAxes axes, sequence_axes(ctx.node()));
  if (ctx.has_rank(0) && ctx.has_rank(1)) {
    HONE_RETURN_IF_ERROR(
        check_equal(ctx.shape(0)[axes.batch], ctx.shape(1)[0], "batch and sequence_lens' size"));
  }
  return infer_same(ctx);
}

Status reverse(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const SequenceAxes axes, sequence_axes(ctx.node()));
  const std::vector<int64_t> lengths = ints_of(ctx.in(1));
  if (x.rank() < 2 || static_cast<int64_t>(lengths.size()) != x.dims()[axes.batch]) {
    return error(Code::shape_mismatch, "sequence_lens does not have the batch's size");
  }
  const int64_t steps = x.dims()[axes.time];
  if (std::any_of(lengths.begin(), lengths.end(),
                  [steps](int64_t n) { return n < 0 || n > steps; })) {
    return invalid("a sequence is longer than the time axis");
  }
  const Dims strides = row_major_strides(x.dims());
  Walk<1> walk(x.dims(), {strides});
  HONE_ASSIGN(Tensor y, gather_elements(x, x.dims(), [&](int64_t) {
                const int64_t length = lengths[static_cast<size_t>(walk.index()[axes.batch])];
                const int64_t t = walk.index()[axes.time];
                const int64_t from = t < length ? length - 1 - t : t;
                const int64_t at = walk.offset() + (from - t) * strides[axes.time];
                walk.next();
                return at;
              }));
  ctx.set(0, std::move(y));
  return {};
}

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec eye_attrs[] = {{"dtype", AttrType::i}, {"k", AttrType::i}};
constexpr AttrSpec upper[] = {{"upper", AttrType::i}};
constexpr AttrSpec sequence[] = {{"batch_axis", AttrType::i}, {"time_axis", AttrType::i}};
const OpDef defs[] = {
    {"", "OneHot", 9, 3, 3, 1, 1, axis, infer_one_hot, one_hot, no_flops, 0},
    {"", "EyeLike", 9, 1, 1, 1, 1, eye_attrs, infer_eye, eye, no_flops, 0},
    {"", "Trilu", 14, 1, 2, 1, 1, upper, infer_trilu, trilu, no_flops, 0},
    {"", "ReverseSequence", 10, 2, 2, 1, 1, sequence, infer_reverse, reverse, no_flops, 0},
};

}  // namespace

std::span<const OpDef> one_hot_defs() { return defs; }

}  // namespace hone::ops
