// Operators on shapes: Shape, Size, and those that make tensors from them: ConstantOfShape, Expand,
// Tile, Range, Constant.
#include <algorithm>
#include <cmath>

#include "common/base/checked.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- Shape, Size
// ------------------------------------------------------------------------------------

// The axes [start, end) of a shape of this rank.
std::pair<int64_t, int64_t> axis_range(const Node& node, int rank) {
  const auto clamp = [rank](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const int64_t start = clamp(node.attributes.i("start", 0));
  return {start, std::max(start, clamp(node.attributes.i("end", rank)))};
}

Status infer_shape(InferContext& ctx) {
  if (!ctx.has_rank(0)) {
    ctx.set(0, DType::i64, {ctx.unknown(0, 0)});
    return {};
  }
  const auto [start, end] = axis_range(ctx.node(), ctx.in(0).rank());
  const SymShape& shape = ctx.shape(0);
  ctx.set(0, DType::i64, {Dim(end - start)});
  ctx.set_content(0, {shape.begin() + start, shape.begin() + end});
  return {};
}

Status shape(RefContext& ctx) {
  const Dims& dims = ctx.in(0).dims();
  const auto [start, end] = axis_range(ctx.node(), ctx.in(0).rank());
  const std::span<const int64_t> part(dims.data() + start, static_cast<size_t>(end - start));
  ctx.set(0, Tensor::of<int64_t>({end - start}, part));
  return {};
}

Status infer_size(InferContext& ctx) {
  ctx.set(0, DType::i64, {});
  if (ctx.has_rank(0)) {
    ctx.set_content(0, {graph::product(ctx.shape(0), 0, ctx.shape(0).size())});
  }
  return {};
}

Status size(RefContext& ctx) {
  ctx.set(0, Tensor::scalar<int64_t>(ctx.in(0).count()));
  return {};
}

// --- ConstantOfShape
// --------------------------------------------------------------------------------

Tensor fill_value(const Node& node) {
  const Tensor t = node.attributes.tensor("value");
  return t ? t : Tensor(DType::f32, {1});
}

Result<SymShape> target_shape(const std::vector<Dim>& content) {
  for (const Dim& d : content) {
    if (d.is_const() && d.value() < 0) return invalid(fmt::format("a size is {}", d.value()));
  }
  return SymShape(content);
}

Status infer_filled(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 0));
  const Tensor value = fill_value(ctx.node());
  if (value.count() != 1) return invalid("'value' does not hold one element");
  const auto content = ctx.sizes(0);
  if (!content) {
    const std::optional<size_t> rank = content_size(ctx.in(0));
    if (!rank || !ctx.has_rank(0) || ctx.in(0).rank() != 1) {
      ctx.set_unranked(0, value.dtype());
      return {};
    }
    SymShape out;
    for (size_t d = 0; d < *rank; ++d) out.push_back(ctx.unknown(0, static_cast<int>(d)));
    ctx.set(0, value.dtype(), std::move(out));
    return {};
  }
  HONE_ASSIGN(SymShape out, target_shape(*content));
  ctx.set(0, value.dtype(), std::move(out));
  const bool integer = is_integer(value.dtype()) || value.dtype() == DType::boolean;
  const std::optional<size_t> n =
      ctx.has_output(0) ? content_size(ctx.graph().fact(ctx.node().outputs[0])) : std::nullopt;
  if (integer && n) ctx.set_content(0, std::vector<Dim>(*n, Dim(value.int_at(0))));
  return {};
}

Status filled(RefContext& ctx) {
  const Tensor value = fill_value(ctx.node());
  if (value.count() != 1) return invalid("'value' does not hold one element");
  if (ctx.in(0).dtype() != DType::i64) return bad_dtype(ctx.node(), ctx.in(0).dtype());
  HONE_ASSIGN(Tensor y, gather_elements(value, ints_of(ctx.in(0)), [](int64_t) { return 0; }));
  ctx.set(0, std::move(y));
  return {};
}

// --- Expand, Tile
// -----------------------------------------------------------------------------------

Status infer_expand(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  const auto content = ctx.sizes(1);
  if (!ctx.has_rank(0) || !content) {
    const std::optional<size_t> n = ctx.has_rank(1) ? content_size(ctx.in(1)) : std::nullopt;
    if (!ctx.has_rank(0) || !n) {
      ctx.set_unranked(0, t);
      return {};
    }
    SymShape out;
    for (size_t d = 0; d < std::max(*n, ctx.shape(0).size()); ++d) {
      out.push_back(ctx.unknown(0, static_cast<int>(d)));
    }
    ctx.set(0, t, std::move(out));
    return {};
  }
  HONE_ASSIGN(const SymShape target, target_shape(*content));
  const SymShape& in = ctx.shape(0);
  SymShape out(std::max(in.size(), target.size()));
  for (size_t d = 0; d < out.size(); ++d) {
    const auto at = [d, n = out.size()](const SymShape& s) {
      return d + s.size() < n ? Dim(1) : s[d + s.size() - n];
    };
    HONE_ASSIGN(out[d], broadcast_dim(at(in), at(target)));
  }
  ctx.set(0, t, std::move(out));
  if (const auto data = ctx.content(0); data && data->size() == 1 && ctx.has_output(0)) {
    const auto n = content_size(ctx.graph().fact(ctx.node().outputs[0]));
    if (n) ctx.set_content(0, std::vector<Dim>(*n, (*data)[0]));
  }
  return {};
}

Status expand(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (ctx.in(1).dtype() != DType::i64) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  HONE_ASSIGN(const Dims dims, broadcast_dims(x.dims(), ints_of(ctx.in(1))));
  HONE_ASSIGN(Tensor y, strided_copy(x, dims, broadcast_strides(x.dims(), dims)));
  ctx.set(0, std::move(y));
  return {};
}

Status infer_tile(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape out = ctx.shape(0);
  const auto repeats = ctx.sizes(1);
  if (repeats && repeats->size() != out.size()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} repeats for rank {}", repeats->size(), out.size()));
  }
  for (size_t d = 0; d < out.size(); ++d) {
    if (repeats && (*repeats)[d].is_const() && (*repeats)[d].value() < 0) {
      return invalid(fmt::format("repeats {} times", (*repeats)[d].value()));
    }
    out[d] = repeats ? out[d] * (*repeats)[d] : ctx.unknown(0, static_cast<int>(d));
  }
  ctx.set(0, t, std::move(out));
  return {};
}

Status tile(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (ctx.in(1).dtype() != DType::i64) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  const std::vector<int64_t> repeats = ints_of(ctx.in(1));
  Dims dims = x.dims();
  if (repeats.size() != dims.size()) return error(Code::shape_mismatch, "repeats and rank differ");
  for (size_t d = 0; d < dims.size(); ++d) {
    if (mul_overflows(dims[d], repeats[d], &dims[d])) return invalid("repeats are too large");
  }
  const Dims strides = row_major_strides(x.dims());
  Walk<1> walk(dims, {Dims(dims.size(), 0)});
  HONE_ASSIGN(Tensor y, gather_elements(x, dims, [&](int64_t) {
                int64_t from = 0;
                for (size_t d = 0; d < dims.size(); ++d) {
                  from += walk.index()[d] % x.dims()[d] * strides[d];
                }
                walk.next();
                return from;
              }));
  ctx.set(0, std::move(y));
  return {};
}

// --- Range
// ------------------------------------------------------------------------------------------

// max(0, ceil((limit - start) / delta)); delta is not 0.
Result<int64_t> range_count(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  if (start.count() != 1 || limit.count() != 1 || delta.count() != 1) {
    return invalid("start, limit and delta are not scalars");
  }
  for (const Tensor* t : {&start, &limit, &delta}) {
    if (!is_float(t->dtype()) && !is_integer(t->dtype())) return invalid("not numbers");
  }
  if (delta.at(0) == 0) return invalid("delta is 0");
  double count = std::ceil((limit.at(0) - start.at(0)) / delta.at(0));
  if (is_integer(start.dtype())) {
    // Exact: a double does not hold all of int64.
    const __int128 span = static_cast<__int128>(limit.int_at(0)) - start.int_at(0);
    const __int128 step = delta.int_at(0), q = span / step;
    count = static_cast<double>(q + (span % step != 0 && (span < 0) == (step < 0)));
  }
  if (!(count < 1e15)) return invalid("the range is too long");
  return static_cast<int64_t>(std::max(count, 0.0));
}

// A number's expression; of one that was cast from an integer, that integer's.
std::optional<std::vector<Dim>> whole_number(const InferContext& ctx, size_t input) {
  if (const Tensor* t = ctx.constant(input);
      t != nullptr && t->count() == 1 && is_float(t->dtype())) {
    const double v = t->at(0);
    if (v != std::floor(v) || std::abs(v) > 1e6) return std::nullopt;
    return std::vector<Dim>{Dim(static_cast<int64_t>(v))};
  }
  if (!is_float(ctx.in(input).dtype)) return ctx.sizes(input);
  const Node* cast = ctx.graph().producer_of(ctx.node().input(input));
  if (cast == nullptr || cast->op != "Cast" || ctx.in(input).dtype != DType::f32)
    return std::nullopt;
  if (cast->block != 0) return std::nullopt;
  return InferContext(ctx.graph(), ctx.graph().value(ctx.node().input(input)).producer).sizes(0);
}

Status infer_range_symbolic(InferContext& ctx) {
  const auto start = whole_number(ctx, 0), limit = whole_number(ctx, 1),
             delta = whole_number(ctx, 2);
  const bool scalars = start && limit && delta && start->size() == 1 && limit->size() == 1 &&
                       delta->size() == 1 && (*delta)[0].is_const();
  if (!scalars) return {};
  const int64_t step = (*delta)[0].value();
  if (step == 0) return invalid("delta is 0");
  if (step == INT64_MIN) return {};
  const Dim span = step > 0 ? (*limit)[0] - (*start)[0] : (*start)[0] - (*limit)[0];
  Dim count = ceil_div(span, Dim(step > 0 ? step : -step));
  if (count.lower_bound(0).value_or(-1) < 0) count = max(count, Dim(0));
  ctx.set(0, ctx.in(0).dtype, {count});
  const bool small = count.is_const() && count.value() <= int64_t{graph::max_content};
  if (!small) return {};
  std::vector<Dim> content;
  for (int64_t i = 0; i < count.value(); ++i) {
    content.push_back((*start)[0] + Dim(i) * Dim(step));
  }
  ctx.set_content(0, std::move(content));
  return {};
}

Status infer_range(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  ctx.set(0, ctx.in(0).dtype, {ctx.unknown(0, 0)});
  const Tensor *start = ctx.constant(0), *limit = ctx.constant(1), *delta = ctx.constant(2);
  // What content does not hold; the others keep their elements for shapes.
  const bool by_value = is_float(ctx.in(0).dtype) || ctx.in(0).dtype == DType::i16;
  if (start != nullptr && limit != nullptr && delta != nullptr && by_value) {
    HONE_ASSIGN(const int64_t count, range_count(*start, *limit, *delta));
    ctx.set(0, ctx.in(0).dtype, {Dim(count)});
    return {};
  }
  return infer_range_symbolic(ctx);
}

Status range(RefContext& ctx) {
  const Tensor& start = ctx.in(0);
  for (size_t i = 1; i < 3; ++i) {
    if (ctx.in(i).dtype() != start.dtype()) return bad_dtype(ctx.node(), ctx.in(i).dtype());
  }
  return in_domain(ctx.node(), start.dtype(), [&]<class W>() -> Status {
    HONE_ASSIGN(const int64_t count, range_count(start, ctx.in(1), ctx.in(2)));
    HONE_RETURN_IF_ERROR(check_size(DType::f64, {count}));
    const W first = load<W>(start)[0], step = load<W>(ctx.in(2))[0];
    std::vector<W> values;
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<W, double>) {
        values.push_back(first + static_cast<double>(i) * step);
      } else {  // what does not fit is not in the range; unsigned, where overflow is defined
        values.push_back(static_cast<W>(uint64_t(first) + uint64_t(i) * uint64_t(step)));
      }
    }
    ctx.set(0, store(start.dtype(), {count}, values));
    return {};
  });
}

// --- Constant
// ---------------------------------------------------------------------------------------

template <class T>
Tensor list_of(const std::vector<T>& values) {
  return Tensor::of<T>({static_cast<int64_t>(values.size())}, std::span<const T>(values));
}

Result<Tensor> constant_of(const Node& node) {
  const graph::Attributes& a = node.attributes;
  if (a.has("value")) return a.tensor("value");
  if (a.has("value_float")) return Tensor::scalar<float>(a.f("value_float", 0));
  if (a.has("value_int")) return Tensor::scalar<int64_t>(a.i("value_int", 0));
  if (a.has("value_string")) return Tensor::strings({}, {a.s("value_string", "")});
  if (a.has("value_floats")) return list_of(a.floats("value_floats"));
  if (a.has("value_ints")) return list_of(a.ints("value_ints"));
  if (const graph::Attr* strings = a.find("value_strings")) {
    if (const auto* list = std::get_if<std::vector<std::string>>(strings)) {
      return Tensor::strings({static_cast<int64_t>(list->size())}, *list);
    }
  }
  return unsupported("a Constant without a dense value");
}

Status infer_constant(InferContext& ctx) {
  HONE_ASSIGN(const Tensor t, constant_of(ctx.node()));
  ctx.set(0, t.dtype(), SymShape(t.dims().begin(), t.dims().end()));
  if (t.rank() > 1 || t.count() > int64_t{graph::max_content} || !is_integer(t.dtype())) return {};
  const std::vector<int64_t> ints = to_ints(t);
  ctx.set_content(0, {ints.begin(), ints.end()});
  return {};
}

Status constant(RefContext& ctx) {
  HONE_ASSIGN(Tensor t, constant_of(ctx.node()));
  ctx.set(0, std::move(t));
  return {};
}

constexpr AttrSpec start_end[] = {{"end", AttrType::i}, {"start", AttrType::i}};
constexpr AttrSpec value[] = {{"value", AttrType::tensor}};
constexpr AttrSpec stash[] = {{"stash_type", AttrType::i}};
constexpr AttrSpec values[] = {{"value", AttrType::tensor},         {"value_float", AttrType::f},
                               {"value_floats", AttrType::floats},  {"value_int", AttrType::i},
                               {"value_ints", AttrType::ints},      {"value_string", AttrType::s},
                               {"value_strings", AttrType::strings}};
const OpDef defs[] = {
    {"", "Shape", 1, 1, 1, 1, 1, {}, infer_shape, shape, no_flops},
    {"", "Shape", 15, 1, 1, 1, 1, start_end, infer_shape, shape, no_flops},
    {"", "Size", 1, 1, 1, 1, 1, {}, infer_size, size, no_flops},
    {"", "ConstantOfShape", 9, 1, 1, 1, 1, value, infer_filled, filled, no_flops},
    {"", "Expand", 8, 2, 2, 1, 1, {}, infer_expand, expand, no_flops},
    {"", "Tile", 6, 2, 2, 1, 1, {}, infer_tile, tile, no_flops},
    {"", "Range", 11, 3, 3, 1, 1, {}, infer_range, range, no_flops},
    {"", "Range", 27, 3, 3, 1, 1, stash, infer_range, range, no_flops},
    {"", "Constant", 1, 0, 0, 1, 1, value, infer_constant, constant, no_flops},
    {"", "Constant", 12, 0, 0, 1, 1, values, infer_constant, constant, no_flops},
};

}  // namespace

std::span<const OpDef> shape_defs() { return defs; }

}  // namespace hone::ops
