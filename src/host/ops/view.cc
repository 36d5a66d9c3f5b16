// Operators that rename dimensions and leave the elements where they are: Flatten, Squeeze,
// Unsqueeze, Identity, Dropout at inference.
#include <algorithm>

#include "device/kernels/random/random.h"
#include "host/ops/infer_util.h"
#include "host/ops/random.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- Flatten
// --------------------------------------------------------------------------------------

Result<int> flatten_axis(const Node& node, int rank) {
  const int64_t axis = node.attributes.i("axis", 1);
  if (axis == rank) return rank;
  if (rank == 0 && axis == 1 && !node.attributes.has("axis")) return 0;
  return normal_axis(axis, rank);
}

Status infer_flatten(InferContext& ctx) {
  SymShape out{ctx.unknown(0, 0), ctx.unknown(0, 1)};
  if (ctx.has_rank(0)) {
    const SymShape& in = ctx.shape(0);
    HONE_ASSIGN(const int axis, flatten_axis(ctx.node(), ctx.in(0).rank()));
    const auto at = static_cast<size_t>(axis);
    out = {graph::product(in, 0, at), graph::product(in, at, in.size())};
  }
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

Status flatten(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const int axis, flatten_axis(ctx.node(), x.rank()));
  const std::span<const int64_t> dims(x.dims());
  const auto at = static_cast<size_t>(axis);
  ctx.set(0, x.reshaped({element_count(dims.first(at)), element_count(dims.subspan(at))}));
  return {};
}

// --- Squeeze, Unsqueeze
// ---------------------------------------------------------------------------

// The axes by attribute (before version 13) or input; nullopt: given, but not known yet.
// `given` says whether there are any.
std::optional<std::vector<int64_t>> axes_of(const InferContext& ctx, bool* given) {
  if (ctx.node().version < 13) {
    *given = ctx.node().attributes.has("axes");
    return ctx.node().attributes.ints("axes");
  }
  *given = ctx.has_input(1);
  return *given ? ctx.ints(1) : std::vector<int64_t>();
}
std::optional<std::vector<int64_t>> axes_of(const RefContext& ctx) {
  if (ctx.node().version < 13) {
    if (!ctx.node().attributes.has("axes")) return std::nullopt;
    return ctx.node().attributes.ints("axes");
  }
  if (!ctx.has_input(1)) return std::nullopt;
  return ints_of(ctx.in(1));
}

void keep_content(InferContext& ctx) {
  if (auto content = ctx.content(0)) ctx.set_content(0, std::move(*content));
}

// Without axes every dimension of size 1 goes: all sizes must be known to tell.
Status squeeze_ones(InferContext& ctx) {
  SymShape out;
  for (const Dim& d : ctx.shape(0)) {
    if (d == Dim(1)) continue;
    if (!provably_different(d, Dim(1))) {
      ctx.set_unranked(0, ctx.in(0).dtype);
      return {};
    }
    out.push_back(d);
  }
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  keep_content(ctx);
  return {};
}

Status infer_squeeze(InferContext& ctx) {
  bool given = false;
  const auto axes = axes_of(ctx, &given);
  if (!axes || !ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  if (!given) return squeeze_ones(ctx);
  HONE_ASSIGN(const std::vector<int> normal, normal_axes(*axes, ctx.in(0).rank()));
  SymShape out;
  for (int d = 0; d < ctx.in(0).rank(); ++d) {
    const Dim& size = ctx.shape(0)[static_cast<size_t>(d)];
    if (std::find(normal.begin(), normal.end(), d) == normal.end()) {
      out.push_back(size);
    } else if (provably_different(size, Dim(1))) {
      return error(Code::shape_mismatch,
                   fmt::format("axis {} to be squeezed has size {}, not 1", d, to_string(size)));
    }
  }
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  keep_content(ctx);
  return {};
}

Status squeeze(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const auto axes = axes_of(ctx);
  Dims out;
  std::vector<int> normal;
  if (axes) {
    HONE_ASSIGN(normal, normal_axes(*axes, x.rank()));
  }
  for (int d = 0; d < x.rank(); ++d) {
    const int64_t size = x.dims()[static_cast<size_t>(d)];
    const bool named = std::find(normal.begin(), normal.end(), d) != normal.end();
    if (axes ? !named : size != 1) {
      out.push_back(size);
    } else if (size != 1) {
      return error(Code::shape_mismatch, fmt::format("axis {} has size {}, not 1", d, size));
    }
  }
  ctx.set(0, x.reshaped(std::move(out)));
  return {};
}

// `in` with sizes of 1 inserted; axes count in the result.
template <class D>
Result<std::vector<D>> unsqueezed(const std::vector<D>& in, std::span<const int64_t> axes) {
  const size_t rank = in.size() + axes.size();
  HONE_ASSIGN(const std::vector<int> normal, normal_axes(axes, static_cast<int>(rank)));
  std::vector<D> out;
  size_t from = 0;
  for (size_t d = 0; d < rank; ++d) {
    const bool fresh = std::find(normal.begin(), normal.end(), static_cast<int>(d)) != normal.end();
    out.push_back(fresh ? D(1) : in[from++]);
  }
  return out;
}

Status infer_unsqueeze(InferContext& ctx) {
  bool given = false;
  const auto axes = axes_of(ctx, &given);
  if (!axes || !ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  HONE_ASSIGN(SymShape out, unsqueezed(ctx.shape(0), *axes));
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  keep_content(ctx);
  return {};
}

Status unsqueeze(RefContext& ctx) {
  const auto axes = axes_of(ctx);
  if (!axes) return invalid("no axes");
  HONE_ASSIGN(Dims out, unsqueezed(ctx.in(0).dims(), *axes));
  ctx.set(0, ctx.in(0).reshaped(std::move(out)));
  return {};
}

// --- Identity, Dropout
// ----------------------------------------------------------------------------

Status identity(RefContext& ctx) {
  ctx.set(0, ctx.in(0));
  return {};
}

Status infer_dropout(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  const DType mask = ctx.node().version >= 10 ? DType::boolean : ctx.in(0).dtype;
  ctx.set(1, shaped_like(ctx.in(0), mask));
  return {};
}

// Training mode: Hone's own generator (see random.cc); ONNX leaves the numbers undefined.
Status drop(RefContext& ctx, double ratio) {
  if (ratio < 0 || ratio >= 1) return invalid(fmt::format("the ratio is {}", ratio));
  const Tensor& x = ctx.in(0);
  graph::Node node;
  node.name = ctx.node().name;
  if (ctx.node().attributes.has("seed")) {
    node.attributes.set("seed", static_cast<float>(ctx.node().attributes.i("seed", 0)));
  }
  const uint64_t seed = random_seed(node);
  const auto stays = static_cast<double>(static_cast<float>(1 - ratio));
  std::vector<double> values = load<double>(x), mask(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const bool kept = kernels::random_draw(seed, i) < stays;
    mask[i] = kept ? 1 : 0;
    values[i] = kept ? values[i] / (1 - ratio) : 0;
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  if (ctx.has_output(1)) ctx.set(1, store(DType::boolean, x.dims(), mask));
  return {};
}

Status dropout(RefContext& ctx) {
  const bool training = ctx.node().version >= 12 && ctx.has_input(2) && ctx.in(2).count() == 1 &&
                        ints_of(ctx.in(2))[0] != 0;
  const double ratio =
      ctx.has_input(1) && ctx.in(1).count() == 1 ? load<double>(ctx.in(1))[0] : 0.5;
  if (training && ratio != 0) return drop(ctx, ratio);
  ctx.set(0, ctx.in(0));
  if (ctx.has_output(1)) {
    const DType t = ctx.node().version >= 10 ? DType::boolean : ctx.in(0).dtype();
    ctx.set(1, store(t, ctx.in(0).dims(),
                     std::vector<double>(static_cast<size_t>(ctx.in(0).count()), 1.0)));
  }
  return {};
}

constexpr AttrSpec axis[] = {{"axis", AttrType::i}};
constexpr AttrSpec axes[] = {{"axes", AttrType::ints}};
constexpr AttrSpec axes_required[] = {{"axes", AttrType::ints, true}};
constexpr AttrSpec ratio[] = {{"ratio", AttrType::f}};
constexpr AttrSpec seed[] = {{"seed", AttrType::i}};
const OpDef defs[] = {
    {"", "Flatten", 1, 1, 1, 1, 1, axis, infer_flatten, flatten, no_flops},
    {"", "Squeeze", 1, 1, 1, 1, 1, axes, infer_squeeze, squeeze, no_flops},
    {"", "Squeeze", 13, 1, 2, 1, 1, {}, infer_squeeze, squeeze, no_flops},
    {"", "Unsqueeze", 1, 1, 1, 1, 1, axes_required, infer_unsqueeze, unsqueeze, no_flops},
    {"", "Unsqueeze", 13, 2, 2, 1, 1, {}, infer_unsqueeze, unsqueeze, no_flops},
    {"", "Identity", 1, 1, 1, 1, 1, {}, infer_same_content, identity, no_flops, 1e-5, true, true},
    {"", "Dropout", 7, 1, 1, 1, 2, ratio, infer_dropout, dropout, no_flops},
    {"", "Dropout", 12, 1, 3, 1, 2, seed, infer_dropout, dropout, no_flops},
};

}  // namespace

std::span<const OpDef> view_defs() { return defs; }

}  // namespace hone::ops
