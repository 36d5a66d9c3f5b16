// Sequences and optionals. An optional with a value is that value. They run in the reference
// executor only: an engine has no such values.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- facts --------------------------------------------------------------------------------------

Fact sequence_of(Fact element) {
  element.kind = Fact::Kind::sequence;
  element.content.reset();
  return element;
}
Fact element_of(const Fact& sequence) {
  const bool maps = sequence.key != DType::none;
  return Fact{.kind = maps ? Fact::Kind::map : Fact::Kind::tensor,
              .dtype = sequence.dtype,
              .shape = sequence.shape,
              .content = {},
              .key = sequence.key};
}

Status check_sequence(const InferContext& ctx, size_t i) {
  const Fact& f = ctx.in(i);
  if (f.kind == Fact::Kind::sequence || (f.dtype == DType::none && !f.has_rank())) return {};
  return invalid(fmt::format("input {} is {}, not a sequence", i, to_string(f)));
}

// What holds of two elements.
Fact common(const InferContext& ctx, const Fact& a, const Fact& b) {
  Fact out;
  out.dtype = a.dtype != DType::none ? a.dtype : b.dtype;
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return out;
  out.shape = a.shape;
  for (size_t d = 0; d < out.shape->size(); ++d) {
    if ((*a.shape)[d] == (*b.shape)[d]) continue;
    (*out.shape)[d] = ctx.unknown(0, static_cast<int>(d));
  }
  return out;
}

Status check_element(const Fact& a, const Fact& b) {
  if (a.key != b.key && a.dtype != DType::none && b.dtype != DType::none) {
    return invalid(fmt::format("a sequence of {} and {}", to_string(a), to_string(b)));
  }
  if (a.dtype == DType::none || b.dtype == DType::none || a.dtype == b.dtype) return {};
  return invalid(fmt::format("a sequence of {} and {}", name(a.dtype), name(b.dtype)));
}

// --- operands -----------------------------------------------------------------------------------

Status need_sequence(const RefContext& ctx, size_t i) {
  if (ctx.in(i).is_sequence()) return {};
  return invalid(fmt::format("input {} is not a sequence", i));
}
Status need_tensor(const RefContext& ctx, size_t i) {
  if (i >= ctx.inputs() || ctx.in(i).is_plain()) return {};
  return invalid(fmt::format("input {} is no tensor", i));
}

// The position at input i, from the back where negative; `absent` without one.
Result<size_t> position(const RefContext& ctx, size_t i, int64_t size, int64_t absent) {
  int64_t at = absent;
  if (ctx.has_input(i)) {
    HONE_RETURN_IF_ERROR(need_tensor(ctx, i));
    HONE_ASSIGN(at, scalar_int(ctx, i));
  }
  if (at < -size || at >= size) {
    return invalid(fmt::format("position {} in a sequence of {}", at, size));
  }
  return static_cast<size_t>(at < 0 ? at + size : at);
}

// --- making and changing ------------------------------------------------------------------------

Result<DType> empty_type(const Node& node) {
  const int64_t t = node.attributes.i("dtype", 1);
  if (t <= 0 || t >= dtype_count) return unsupported(fmt::format("dtype {}", t));
  return static_cast<DType>(t);
}
Status infer_empty(InferContext& ctx) {
  HONE_ASSIGN(const DType t, empty_type(ctx.node()));
  ctx.set(0, sequence_of(Fact{.dtype = t, .shape = {}, .content = {}}));
  return {};
}
Status empty(RefContext& ctx) {
  HONE_ASSIGN(const DType t, empty_type(ctx.node()));
  ctx.set(0, Tensor::sequence(t, {}));
  return {};
}

Status infer_construct(InferContext& ctx) {
  Fact element = element_of(ctx.in(0));
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    HONE_RETURN_IF_ERROR(check_element(element, ctx.in(i)));
    element = common(ctx, element, ctx.in(i));
  }
  ctx.set(0, sequence_of(element));
  return {};
}
Status construct(RefContext& ctx) {
  std::vector<Tensor> items;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    HONE_RETURN_IF_ERROR(need_tensor(ctx, i));
    if (!ctx.has_input(i) || ctx.in(i).dtype() != ctx.in(0).dtype()) {
      return invalid("an input is missing or has another type");
    }
    items.push_back(ctx.in(i));
  }
  ctx.set(0, Tensor::sequence(ctx.in(0).dtype(), std::move(items)));
  return {};
}

// An empty sequence says nothing of its elements' shape: SequenceEmpty's fact has none either.
Status infer_insert(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  HONE_RETURN_IF_ERROR(check_element(ctx.in(0), ctx.in(1)));
  ctx.set(0, sequence_of(common(ctx, element_of(ctx.in(0)), ctx.in(1))));
  return {};
}
Status insert(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  HONE_RETURN_IF_ERROR(need_tensor(ctx, 1));
  std::vector<Tensor> items = ctx.in(0).items();
  if (ctx.in(1).dtype() != ctx.in(0).dtype()) return bad_dtype(ctx.node(), ctx.in(1).dtype());
  const auto size = static_cast<int64_t>(items.size());
  // Behind the last is a place too.
  HONE_ASSIGN(const int64_t given, ctx.has_input(2) ? scalar_int(ctx, 2) : Result<int64_t>(size));
  if (given < -size || given > size) return invalid(fmt::format("position {} of {}", given, size));
  items.insert(items.begin() + (given < 0 ? given + size : given), ctx.in(1));
  ctx.set(0, Tensor::sequence(ctx.in(0).dtype(), std::move(items)));
  return {};
}

Status infer_erase(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  ctx.set(0, sequence_of(element_of(ctx.in(0))));
  return {};
}
Status erase(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  std::vector<Tensor> items = ctx.in(0).items();
  HONE_ASSIGN(const size_t at, position(ctx, 1, static_cast<int64_t>(items.size()), -1));
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
  ctx.set(0, Tensor::sequence(ctx.in(0).dtype(), std::move(items)));
  return {};
}

// --- reading ------------------------------------------------------------------------------------

Status infer_at(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  ctx.set(0, element_of(ctx.in(0)));
  return {};
}
Status at(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  const std::vector<Tensor>& items = ctx.in(0).items();
  HONE_ASSIGN(const size_t i, position(ctx, 1, static_cast<int64_t>(items.size()), 0));
  ctx.set(0, items[i]);
  return {};
}

Status infer_length(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  ctx.set(0, DType::i64, {});
  return {};
}
Status length(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  ctx.set(0, Tensor::scalar(static_cast<int64_t>(ctx.in(0).items().size())));
  return {};
}

// --- SplitToSequence, ConcatFromSequence --------------------------------------------------------

Status infer_split(InferContext& ctx) {
  Fact element = element_of(ctx.in(0));
  if (ctx.in(0).kind != Fact::Kind::tensor) return invalid("input 0 is a sequence");
  if (element.has_rank()) {
    HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), ctx.in(0).rank()));
    Dim& size = (*element.shape)[static_cast<size_t>(axis)];
    size = ctx.has_input(1) ? ctx.unknown(0, axis) : Dim(1);
    if (!ctx.has_input(1) && ctx.node().attributes.i("keepdims", 1) == 0) {
      element.shape->erase(element.shape->begin() + axis);
    }
  }
  ctx.set(0, sequence_of(element));
  return {};
}

// Sizes of the parts: ones, equal ones with a smaller last, or as given.
Result<std::vector<int64_t>> split_sizes(const RefContext& ctx, int64_t size) {
  if (!ctx.has_input(1)) return std::vector<int64_t>(static_cast<size_t>(size), 1);
  const std::vector<int64_t> given = ints_of(ctx.in(1));
  if (ctx.in(1).rank() > 0) {
    int64_t sum = 0;
    for (int64_t g : given) {
      if (g < 0 || g > size) return invalid(fmt::format("a part of {}", g));
      sum += g;
    }
    if (sum != size) return error(Code::shape_mismatch, "the parts do not add up to the axis");
    return given;
  }
  if (given[0] < 1) return invalid(fmt::format("parts of {}", given[0]));
  std::vector<int64_t> sizes;
  for (int64_t left = size; left > 0; left -= given[0]) sizes.push_back(std::min(left, given[0]));
  return sizes;
}

Status split(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_tensor(ctx, 0));
  HONE_RETURN_IF_ERROR(need_tensor(ctx, 1));
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), x.rank()));
  const auto d = static_cast<size_t>(axis);
  HONE_ASSIGN(const std::vector<int64_t> sizes, split_sizes(ctx, x.dims()[d]));
  const bool drop = !ctx.has_input(1) && ctx.node().attributes.i("keepdims", 1) == 0;
  const Dims strides = row_major_strides(x.dims());
  std::vector<Tensor> items;
  int64_t start = 0;
  for (int64_t size : sizes) {
    Dims dims = x.dims();
    dims[d] = size;
    HONE_ASSIGN(Tensor part, strided_copy(x, dims, strides, start * strides[d]));
    start += size;
    if (drop) {
      dims.erase(dims.begin() + axis);
      part = part.reshaped(dims);
    }
    items.push_back(std::move(part));
  }
  ctx.set(0, Tensor::sequence(x.dtype(), std::move(items)));
  return {};
}

Status infer_concat(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  const Fact& element = ctx.in(0);
  if (!element.has_rank()) {
    ctx.set_unranked(0, element.dtype);
    return {};
  }
  SymShape out = *element.shape;
  const bool fresh = ctx.node().attributes.i("new_axis", 0) != 0;
  HONE_ASSIGN(const int axis,
              normal_axis(ctx.node().attributes.i("axis", 0), element.rank() + (fresh ? 1 : 0)));
  if (fresh) out.insert(out.begin() + axis, Dim(1));
  out[static_cast<size_t>(axis)] = ctx.unknown(0, axis);
  ctx.set(0, element.dtype, std::move(out));
  return {};
}

Status concat(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  const std::vector<Tensor>& items = ctx.in(0).items();
  if (items.empty()) return error(Code::shape_mismatch, "the sequence is empty");
  const bool fresh = ctx.node().attributes.i("new_axis", 0) != 0;
  const int rank = items[0].rank() + (fresh ? 1 : 0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", 0), rank));
  const auto d = static_cast<size_t>(axis);
  const auto shape_of = [&](const Tensor& t) {
    Dims dims = t.dims();
    if (fresh && axis <= t.rank()) dims.insert(dims.begin() + axis, 1);
    return dims;
  };
  Dims out = shape_of(items[0]);
  out[d] = 0;
  for (const Tensor& t : items) {
    Dims dims = shape_of(t);
    if (dims.size() == out.size()) out[d] += std::exchange(dims[d], out[d] + dims[d]);
    if (dims != out) return error(Code::shape_mismatch, "the elements' shapes differ");
  }
  HONE_RETURN_IF_ERROR(check_size(items[0].dtype(), out));
  Mover mover(items[0].dtype(), out);
  const Dims strides = row_major_strides(out);
  int64_t start = 0;
  for (const Tensor& t : items) {
    const Dims dims = shape_of(t);
    Walk<1> walk(dims, {strides});
    for (int64_t k = 0; k < t.count(); ++k, walk.next()) mover.put(start + walk.offset(), t, k);
    start += dims[d] * strides[d];
  }
  ctx.set(0, std::move(mover).take());
  return {};
}

// --- SequenceMap --------------------------------------------------------------------------------

Result<BlockId> body_of(const Graph& graph, const Node& node) {
  for (BlockId b : node.blocks) {
    if (graph.block(b).name != "body") continue;
    if (graph.block(b).inputs.size() == node.inputs.size() &&
        graph.block(b).outputs.size() == node.outputs.size()) {
      return b;
    }
  }
  return invalid("body is missing, or has other inputs and outputs than the node");
}

Status infer_map(InferContext& ctx) {
  Graph& graph = ctx.graph();
  HONE_RETURN_IF_ERROR(check_sequence(ctx, 0));
  HONE_ASSIGN(const BlockId body, body_of(graph, ctx.node()));
  const std::vector<ValueId> inputs = graph.block(body).inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Fact& f = ctx.in(i);
    graph.set_fact(inputs[i], f.kind == Fact::Kind::sequence ? element_of(f) : f);
  }
  HONE_RETURN_IF_ERROR(infer_block(graph, body));
  const std::vector<ValueId> outputs = graph.block(body).outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    // Sizes that the body decides may differ from element to element.
    Fact element = element_of(graph.fact(outputs[i]));
    if (element.shape && !graph::all_const(*element.shape)) element.shape.reset();
    ctx.set(i, sequence_of(element));
  }
  return {};
}

Status map(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_sequence(ctx, 0));
  HONE_ASSIGN(const BlockId body, body_of(ctx.graph(), ctx.node()));
  const std::vector<ValueId> outputs = ctx.graph().block(body).outputs;
  std::vector<std::vector<Tensor>> results(outputs.size());
  for (size_t i = 0; i < ctx.in(0).items().size(); ++i) {
    std::vector<Tensor> in;
    for (size_t k = 0; k < ctx.inputs(); ++k) {
      const Tensor& t = ctx.in(k);
      if (t.is_sequence() && t.items().size() != ctx.in(0).items().size()) {
        return error(Code::shape_mismatch, "the sequences differ in length");
      }
      in.push_back(t.is_sequence() ? t.items()[i] : t);
    }
    HONE_ASSIGN(const std::vector<Tensor> out, ctx.run_block(body, std::move(in)));
    for (size_t k = 0; k < out.size(); ++k) {
      if (out[k].is_sequence()) return invalid("the body makes a sequence");
      results[k].push_back(out[k]);
    }
  }
  for (size_t k = 0; k < results.size(); ++k) {
    const DType t = results[k].empty() ? ctx.graph().fact(outputs[k]).dtype : results[k][0].dtype();
    ctx.set(k, Tensor::sequence(t, std::move(results[k])));
  }
  return {};
}

// --- optionals: the value itself; the empty one is an absent input -------------------------------

Status infer_has(InferContext& ctx) {
  ctx.set(0, DType::boolean, {});
  return {};
}
Status has(RefContext& ctx) {
  ctx.set(0, Tensor::scalar(ctx.has_input(0)));
  return {};
}

Status infer_get(InferContext& ctx) {
  Fact f = ctx.in(0);
  if (f.kind == Fact::Kind::optional) f.kind = Fact::Kind::tensor;
  ctx.set(0, std::move(f));
  return {};
}

// What the attribute says that an empty optional would hold.
Result<Fact> declared(const Node& node) {
  const graph::Attr* attr = node.attributes.find("type");
  const auto* type = attr == nullptr ? nullptr : std::get_if<model::TypeProto>(attr);
  using Kind = model::TypeProto::Kind;
  Fact f;
  f.kind = Fact::Kind::optional;
  if (type != nullptr && type->kind == Kind::sequence) {
    f.kind = Fact::Kind::sequence;
    type = type->element.get();
  }
  if (type == nullptr || type->kind != Kind::tensor || type->dtype == DType::none) {
    return invalid("neither a value nor the type of a tensor or of a sequence of them");
  }
  f.dtype = type->dtype;
  return f;
}

Status infer_optional(InferContext& ctx) {
  Fact f = ctx.in(0);
  if (!ctx.has_input(0)) {
    HONE_ASSIGN(f, declared(ctx.node()));
  }
  if (f.kind == Fact::Kind::tensor) f.kind = Fact::Kind::optional;
  f.content.reset();
  ctx.set(0, std::move(f));
  return {};
}
Status make_optional(RefContext& ctx) {
  if (ctx.has_input(0)) {
    ctx.set(0, ctx.in(0));
    return {};
  }
  HONE_ASSIGN(const Fact f, declared(ctx.node()));
  ctx.set(0, Tensor::empty_optional(f.dtype));
  return {};
}
Status get(RefContext& ctx) {
  if (!ctx.has_input(0)) return invalid("the optional has no value");
  ctx.set(0, ctx.in(0));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr AttrSpec dtype[] = {{"dtype", AttrType::i}};
constexpr AttrSpec split_attrs[] = {{"axis", AttrType::i}, {"keepdims", AttrType::i}};
constexpr AttrSpec concat_attrs[] = {{"axis", AttrType::i, true}, {"new_axis", AttrType::i}};
constexpr AttrSpec body[] = {{"body", AttrType::graph, true}};
constexpr AttrSpec type[] = {{"type", AttrType::type}};

constexpr OpDef op(const char* name, int since, int least, int most, int outputs,
                   std::span<const AttrSpec> attrs, Status (*infer)(InferContext&),
                   Status (*reference)(RefContext&)) {
  return {"",    name,  since,     least,    most, 1,    outputs,
          attrs, infer, reference, no_flops, 0,    true, true};
}
const OpDef defs[] = {
    op("SequenceEmpty", 11, 0, 0, 1, dtype, infer_empty, empty),
    op("SequenceConstruct", 11, 1, -1, 1, {}, infer_construct, construct),
    op("SequenceInsert", 11, 2, 3, 1, {}, infer_insert, insert),
    op("SequenceErase", 11, 1, 2, 1, {}, infer_erase, erase),
    op("SequenceAt", 11, 2, 2, 1, {}, infer_at, at),
    op("SequenceLength", 11, 1, 1, 1, {}, infer_length, length),
    op("SequenceMap", 17, 1, -1, -1, body, infer_map, map),
    op("SplitToSequence", 11, 1, 2, 1, split_attrs, infer_split, split),
    op("ConcatFromSequence", 11, 1, 1, 1, concat_attrs, infer_concat, concat),
    op("Optional", 15, 0, 1, 1, type, infer_optional, make_optional),
    op("OptionalHasElement", 15, 0, 1, 1, {}, infer_has, has),
    op("OptionalGetElement", 15, 1, 1, 1, {}, infer_get, get),
};

}  // namespace

std::span<const OpDef> sequence_defs() { return defs; }

}  // namespace hone::ops
