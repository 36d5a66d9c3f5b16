// MaxUnpool, Col2Im, CenterCropPad: elements put into a larger or smaller frame.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"
#include "host/ops/window.h"

namespace hone::ops {
namespace {

// --- MaxUnpool ----------------------------------------------------------------------------------

// The size that pooling came from, as far as the window tells.
Dim unpooled(const Window& w, size_t i, const Dim& size) {
  return (size - Dim(1)) * Dim(w.strides[i]) + Dim(w.kernel[i] - w.begin(i) - w.end(i));
}

Status infer_unpool(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const SymShape& x = ctx.shape(0);
  HONE_ASSIGN(const Window w, window_of(ctx.node(), x.size() - 2));
  SymShape out = x;
  for (size_t i = 2; i < x.size(); ++i) {
    out[i] = ctx.has_input(2) ? ctx.unknown(0, static_cast<int>(i)) : unpooled(w, i - 2, x[i]);
    if (out[i].is_const() && out[i].value() < 0) {
      return error(Code::shape_mismatch, "the pads leave nothing");
    }
  }
  if (const auto shape = ctx.sizes(2)) {
    if (shape->size() != x.size()) return error(Code::shape_mismatch, "output_shape's size");
    out = *shape;
  } else if (ctx.has_input(2)) {
    out[0] = ctx.unknown(0, 0);
    out[1] = ctx.unknown(0, 1);
  }
  ctx.set(0, t, std::move(out));
  return {};
}

Status unpool(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &indices = ctx.in(1);
  if (x.rank() < 3 || indices.dims() != x.dims()) {
    return error(Code::shape_mismatch, "X and its indices differ in shape");
  }
  HONE_ASSIGN(const Window w, window_of(ctx.node(), static_cast<size_t>(x.rank() - 2)));
  // Indices count in the tensor that the window tells; a larger output is padded at the end.
  Dims inner = x.dims();
  for (size_t i = 2; i < inner.size(); ++i) inner[i] = unpooled(w, i - 2, Dim(inner[i])).value();
  Dims out = inner;
  if (ctx.has_input(2)) {
    out = ints_of(ctx.in(2));
    if (out.size() != inner.size()) return error(Code::shape_mismatch, "output_shape's size");
  }
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), inner));
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), out));
  if (x.dtype() == DType::string) return bad_dtype(ctx.node(), x.dtype());
  Mover mover(x.dtype(), out);  // zeros
  const std::vector<int64_t> to = ints_of(indices);
  const Dims from_strides = row_major_strides(inner), to_strides = row_major_strides(out);
  const int64_t count = element_count(inner);
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] < 0 || to[i] >= count) return invalid(fmt::format("index {}", to[i]));
    int64_t at = 0, rest = to[i];
    bool inside = true;
    for (size_t d = 0; d < inner.size(); ++d) {
      const int64_t place = rest / from_strides[d];
      rest %= from_strides[d];
      inside &= place < out[d];
      at += place * to_strides[d];
    }
    if (!inside) return error(Code::shape_mismatch, "an element lies outside of output_shape");
    mover.put(at, x, static_cast<int64_t>(i));
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- Col2Im -------------------------------------------------------------------------------------

Status infer_col2im(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 2));
  const auto image = ctx.sizes(1), block = ctx.sizes(2);
  if (!image || !ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  Dim channels = ctx.unknown(0, 1);
  if (block) {
    if (block->size() != image->size()) return error(Code::shape_mismatch, "block_shape's size");
    const Dim taps = graph::product(*block, 0, block->size());
    if (taps.is_const() && taps.value() < 1) return invalid("block_shape is not positive");
    channels = floor_div(ctx.shape(0)[1], taps);
  }
  SymShape out{ctx.shape(0)[0], channels};
  out.insert(out.end(), image->begin(), image->end());
  ctx.set(0, t, std::move(out));
  return {};
}

Status col2im(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const std::vector<int64_t> image = ints_of(ctx.in(1)), block = ints_of(ctx.in(2));
  if (x.rank() != 3 || image.size() != block.size() || image.empty()) {
    return error(Code::shape_mismatch, "the operands do not fit");
  }
  HONE_ASSIGN(const Window w, window_of(ctx.node(), image.size(), block));
  HONE_RETURN_IF_ERROR(check_size(DType::u8, image));
  HONE_RETURN_IF_ERROR(check_size(DType::u8, block));
  const int64_t taps = element_count(block);
  Dims counts, out{x.dims()[0], x.dims()[1] / taps};
  for (size_t i = 0; i < image.size(); ++i) {
    HONE_ASSIGN(const Dim count, window_count(w, i, Dim(image[i])));
    counts.push_back(count.value());
  }
  out.insert(out.end(), image.begin(), image.end());
  HONE_RETURN_IF_ERROR(check_size(DType::f64, out));
  const int64_t blocks = element_count(counts), plane = element_count(image);
  if (x.dims()[1] % taps != 0 || x.dims()[2] != blocks) {
    return error(Code::shape_mismatch, "the columns do not fit the image");
  }
  const std::vector<double> xs = load<double>(x);
  std::vector<double> y(static_cast<size_t>(element_count(out)));
  const Dims strides = row_major_strides(image);
  size_t from = 0;
  for (int64_t p = 0; p < out[0] * out[1]; ++p) {
    Walk<1> tap(block, {Dims(block.size(), 0)});
    for (int64_t k = 0; k < taps; ++k, tap.next()) {
      Walk<1> at(counts, {Dims(block.size(), 0)});
      for (int64_t b = 0; b < blocks; ++b, at.next(), ++from) {
        int64_t to = p * plane;
        bool inside = true;
        for (size_t d = 0; d < image.size(); ++d) {
          const int64_t place =
              at.index()[d] * w.strides[d] + tap.index()[d] * w.dilations[d] - w.begin(d);
          inside &= place >= 0 && place < image[d];
          to += place * strides[d];
        }
        if (inside) y[static_cast<size_t>(to)] += xs[from];
      }
    }
  }
  ctx.set(0, store(x.dtype(), out, y));
  return {};
}

// --- CenterCropPad ------------------------------------------------------------------------------

Result<std::vector<int>> crop_axes(const Node& node, int rank) {
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  return normal_axes(node.attributes.ints("axes", axes), rank);
}

Status infer_crop(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  HONE_ASSIGN(const std::vector<int> axes, crop_axes(ctx.node(), ctx.in(0).rank()));
  const auto shape = ctx.sizes(1);
  if (shape && shape->size() != axes.size()) {
    return error(Code::shape_mismatch, "shape does not have one size per axis");
  }
  SymShape out = ctx.shape(0);
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& d = out[static_cast<size_t>(axes[i])];
    d = shape ? (*shape)[i] : ctx.unknown(0, axes[i]);
    if (d.is_const() && d.value() < 0) return invalid("a size is negative");
  }
  ctx.set(0, t, std::move(out));
  return {};
}

Status crop(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const std::vector<int> axes, crop_axes(ctx.node(), x.rank()));
  const std::vector<int64_t> sizes = ints_of(ctx.in(1));
  if (sizes.size() != axes.size()) return error(Code::shape_mismatch, "shape's size");
  Dims out = x.dims();
  for (size_t i = 0; i < axes.size(); ++i) out[static_cast<size_t>(axes[i])] = sizes[i];
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), out));
  if (x.dtype() == DType::string) return bad_dtype(ctx.node(), x.dtype());
  Mover mover(x.dtype(), out);  // zeros
  const Dims strides = row_major_strides(x.dims());
  Walk<1> walk(out, {Dims(out.size(), 0)});
  const int64_t count = element_count(out);
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    int64_t from = 0;
    bool inside = true;
    for (size_t d = 0; d < out.size(); ++d) {
      const int64_t gap = x.dims()[d] - out[d];
      const int64_t place = walk.index()[d] + (gap >= 0 ? gap / 2 : -(-gap / 2));
      inside &= place >= 0 && place < x.dims()[d];
      from += place * strides[d];
    }
    if (inside) mover.put(i, x, from);
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

constexpr AttrSpec unpool_attrs[] = {
    {"kernel_shape", AttrType::ints, true}, {"pads", AttrType::ints}, {"strides", AttrType::ints}};
constexpr AttrSpec col2im_attrs[] = {
    {"dilations", AttrType::ints}, {"pads", AttrType::ints}, {"strides", AttrType::ints}};
constexpr AttrSpec axes[] = {{"axes", AttrType::ints}};
const OpDef defs[] = {
    {"", "MaxUnpool", 9, 2, 3, 1, 1, unpool_attrs, infer_unpool, unpool, no_flops, 0},
    {"", "Col2Im", 18, 3, 3, 1, 1, col2im_attrs, infer_col2im, col2im, nullptr},
    {"", "CenterCropPad", 18, 2, 2, 1, 1, axes, infer_crop, crop, no_flops, 0},
};

}  // namespace

std::span<const OpDef> unpool_defs() { return defs; }

}  // namespace hone::ops
