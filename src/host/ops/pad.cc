// Pad: attributes before version 11, inputs since; negative pads crop.
#include <algorithm>

#include "common/base/checked.h"
#include "host/ops/axis_pads.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Begins and ends per axis of X from the list over `axes`.
template <class T>
struct Pads {
  std::vector<T> begin, end;
};

template <class T>
Result<Pads<T>> spread(const std::vector<T>& list, const std::vector<int>& axes, size_t rank) {
  const size_t n = axes.size();
  if (list.size() != 2 * n) {
    return invalid(fmt::format("{} pads for {} axes", list.size(), n));
  }
  Pads<T> pads{std::vector<T>(rank, T(0)), std::vector<T>(rank, T(0))};
  for (size_t i = 0; i < n; ++i) {
    pads.begin[static_cast<size_t>(axes[i])] = list[i];
    pads.end[static_cast<size_t>(axes[i])] = list[n + i];
  }
  return pads;
}

std::vector<int64_t> all_axes(size_t rank) {
  std::vector<int64_t> axes(rank);
  for (size_t i = 0; i < rank; ++i) axes[i] = static_cast<int64_t>(i);
  return axes;
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 3, true));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape out = ctx.shape(0);
  const size_t rank = out.size();
  std::optional<std::vector<Dim>> list;
  std::optional<std::vector<int64_t>> axes = all_axes(rank);
  if (ctx.node().version < 11) {
    const std::vector<int64_t> pads = ctx.node().attributes.ints("pads");
    list.emplace(pads.begin(), pads.end());
  } else {
    list = ctx.sizes(1);
    if (ctx.has_input(3)) axes = ctx.ints(3);
    const auto by_data = axes ? std::nullopt : ctx.sizes(3);
    if (list && by_data && list->size() == 2 * by_data->size()) {
      list = spread_over_axes(*list, *by_data, rank);
      axes = all_axes(rank);
    }
  }
  if (!list || !axes) {
    for (size_t d = 0; d < rank; ++d) out[d] = ctx.unknown(0, static_cast<int>(d));
    ctx.set(0, t, std::move(out));
    return {};
  }
  HONE_ASSIGN(const std::vector<int> normal, normal_axes(*axes, static_cast<int>(rank)));
  HONE_ASSIGN(const Pads<Dim> pads, spread(*list, normal, rank));
  for (size_t d = 0; d < rank; ++d) {
    const Dim size = out[d] + pads.begin[d] + pads.end[d];
    if (size.is_const() && size.value() < 0) {
      return error(Code::shape_mismatch, fmt::format("axis {} of size {} is cropped to {}", d,
                                                     to_string(out[d]), size.value()));
    }
    out[d] = size;
  }
  ctx.set(0, t, std::move(out));
  return {};
}

enum class Mode { constant, reflect, edge, wrap };

// The input position that output position `at` (counted from the input's first element) shows; -1:
// the constant. size >= 1 unless constant.
int64_t source(Mode mode, int64_t at, int64_t size) {
  if (at >= 0 && at < size) return at;
  const auto wrapped = [](int64_t v, int64_t n) { return (v % n + n) % n; };
  switch (mode) {
    case Mode::constant: return -1;
    case Mode::edge: return at < 0 ? 0 : size - 1;
    case Mode::wrap: return wrapped(at, size);
    case Mode::reflect: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1), phase = wrapped(at, period);
      return phase < size ? phase : period - phase;
    }
  }
  return -1;
}

Result<Mode> mode_of(const Node& node) {
  const std::string text = node.attributes.s("mode", "constant");
  if (text == "constant") return Mode::constant;
  if (text == "reflect") return Mode::reflect;
  if (text == "edge") return Mode::edge;
  if (text == "wrap") return Mode::wrap;
  return invalid(fmt::format("mode is '{}'", text));
}

// Crops come first: what they take away neither pads nor reflects.
Status pad(RefContext& ctx, const Pads<int64_t>& pads, const Tensor& fill) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const Mode mode, mode_of(ctx.node()));
  Dims dims = x.dims();
  for (size_t d = 0; d < dims.size(); ++d) {
    int64_t size = 0;
    if (add_overflows(pads.begin[d], pads.end[d], &size) || add_overflows(size, dims[d], &size)) {
      return invalid("the pads are too large");
    }
    if (mode != Mode::constant && dims[d] == 0 && size > 0) {
      return error(Code::shape_mismatch, "an empty axis has nothing to repeat");
    }
    dims[d] = size;
  }
  HONE_RETURN_IF_ERROR(check_size(x.dtype(), dims));
  Mover mover(x.dtype(), dims);
  const Dims strides = row_major_strides(x.dims());
  Walk<1> walk(dims, {Dims(dims.size(), 0)});
  const int64_t count = element_count(dims);
  for (int64_t i = 0; i < count; ++i, walk.next()) {
    int64_t offset = 0;
    bool outside = false;
    for (size_t d = 0; d < dims.size(); ++d) {
      const int64_t at = source(mode, walk.index()[d] - pads.begin[d], x.dims()[d]);
      outside |= at < 0;
      offset += at * strides[d];
    }
    outside ? mover.put(i, fill, 0) : mover.put(i, x, offset);
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

Tensor zero_of(DType t) { return t == DType::string ? Tensor::strings({}, {""}) : Tensor(t, {}); }

Status reference_2(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const auto rank = static_cast<size_t>(x.rank());
  HONE_ASSIGN(const std::vector<int> axes, normal_axes(all_axes(rank), x.rank()));
  HONE_ASSIGN(const Pads<int64_t> pads, spread(ctx.node().attributes.ints("pads"), axes, rank));
  Tensor fill(x.dtype(), {});
  fill.set(0, ctx.node().attributes.f("value", 0));
  return pad(ctx, pads, fill);
}

Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const auto rank = static_cast<size_t>(x.rank());
  if (ctx.in(1).dtype() != DType::i64) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  std::vector<int64_t> list = all_axes(rank);
  if (ctx.has_input(3)) list = ints_of(ctx.in(3));
  HONE_ASSIGN(const std::vector<int> axes, normal_axes(list, x.rank()));
  HONE_ASSIGN(const Pads<int64_t> pads, spread(ints_of(ctx.in(1)), axes, rank));
  const Tensor fill = ctx.has_input(2) ? ctx.in(2) : zero_of(x.dtype());
  if (fill.count() < 1 || fill.dtype() != x.dtype()) {
    return invalid("constant_value is not a scalar of X's type");
  }
  return pad(ctx, pads, fill);
}

constexpr AttrSpec attrs_2[] = {
    {"mode", AttrType::s}, {"pads", AttrType::ints, true}, {"value", AttrType::f}};
constexpr AttrSpec mode[] = {{"mode", AttrType::s}};
const OpDef defs[] = {
    {"", "Pad", 2, 1, 1, 1, 1, attrs_2, infer, reference_2, no_flops},
    {"", "Pad", 11, 2, 3, 1, 1, mode, infer, reference, no_flops},
    {"", "Pad", 18, 2, 4, 1, 1, mode, infer, reference, no_flops},
};

}  // namespace

std::span<const OpDef> pad_defs() { return defs; }

}  // namespace hone::ops
