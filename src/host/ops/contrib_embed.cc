// EmbedLayerNormalization of com.microsoft: the sum of three embeddings, normalised, as ONNX
// Runtime's optimiser writes BERT's first layers.
#include <algorithm>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

enum In { ids, segments, words, positions, kinds, gamma, beta, mask, places };

// Absent ones stand between those that every node has.
template <class Context>
Status check_present(const Context& ctx) {
  for (size_t i : {size_t{words}, size_t{positions}, size_t{gamma}, size_t{beta}}) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
  }
  return {};
}

Status infer_embed(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_present(ctx));
  for (size_t i : {size_t{ids}, size_t{segments}, size_t{mask}, size_t{places}}) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 2, 2));
  }
  for (size_t i : {size_t{words}, size_t{positions}, size_t{kinds}}) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 2, 2));
  }
  HONE_RETURN_IF_ERROR(check_float(ctx, words));
  const DType t = ctx.in(words).dtype;
  if (!ctx.has_rank(ids) || !ctx.has_rank(words)) {
    ctx.set_unranked(0, t);
    ctx.set_unranked(1, DType::i32);
    ctx.set_unranked(2, t);
    return {};
  }
  const SymShape& tokens = ctx.shape(ids);
  const SymShape y{tokens[0], tokens[1], ctx.shape(words)[1]};
  ctx.set(0, t, y);
  ctx.set(1, DType::i32, {tokens[0]});
  ctx.set(2, t, y);
  return {};
}

// Adds rows of a table to `sum`; place: which row for each of `sum`'s.
Status add_rows(const Tensor& table, const std::vector<int64_t>& place, std::vector<double>* sum) {
  const std::vector<double> from = load<double>(table);
  const int64_t rows = table.dims()[0], width = table.dims()[1];
  for (size_t i = 0; i < place.size(); ++i) {
    if (place[i] < 0 || place[i] >= rows) return invalid(fmt::format("index {}", place[i]));
    for (int64_t k = 0; k < width; ++k) {
      (*sum)[i * static_cast<size_t>(width) + static_cast<size_t>(k)] +=
          from[static_cast<size_t>(place[i] * width + k)];
    }
  }
  return {};
}

Status embed(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(check_present(ctx));
  for (size_t i : {size_t{ids}, size_t{segments}, size_t{words}, size_t{positions}, size_t{kinds},
                   size_t{mask}, size_t{places}}) {
    if (ctx.has_input(i) && ctx.in(i).rank() != 2) {
      return error(Code::shape_mismatch, fmt::format("input {} is no matrix", i));
    }
  }
  const Tensor& tokens = ctx.in(ids);
  const DType t = ctx.in(words).dtype();
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(words)));
  const int64_t batch = tokens.dims()[0], steps = tokens.dims()[1], width = ctx.in(words).dims()[1];
  const Dims dims{batch, steps, width};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<double> sum(static_cast<size_t>(batch * steps * width));
  HONE_RETURN_IF_ERROR(add_rows(ctx.in(words), ints_of(tokens), &sum));
  std::vector<int64_t> place;
  for (int64_t i = 0; i < batch * steps; ++i) place.push_back(i % std::max<int64_t>(steps, 1));
  if (ctx.has_input(places)) {
    const std::vector<int64_t> given = ints_of(ctx.in(places));
    const bool one = ctx.in(places).dims() == Dims{1, steps};
    if (!one && ctx.in(places).dims() != tokens.dims()) {
      return error(Code::shape_mismatch, "position_ids do not fit");
    }
    for (size_t i = 0; i < place.size(); ++i) place[i] = given[i % given.size()];
  }
  const auto same_width = [&](size_t i) { return ctx.in(i).dims()[1] == width; };
  if (!same_width(positions)) return error(Code::shape_mismatch, "widths of the tables");
  HONE_RETURN_IF_ERROR(add_rows(ctx.in(positions), place, &sum));
  if (ctx.has_input(kinds)) {
    if (!same_width(kinds)) return error(Code::shape_mismatch, "widths of the tables");
    std::vector<int64_t> kind(place.size(), 0);
    if (ctx.has_input(segments)) kind = ints_of(ctx.in(segments));
    if (kind.size() != place.size()) return error(Code::shape_mismatch, "segment_ids do not fit");
    HONE_RETURN_IF_ERROR(add_rows(ctx.in(kinds), kind, &sum));
  }
  graph::Attributes a;
  a.set("epsilon", ctx.node().attributes.f("epsilon", 1e-12f));
  const auto wide = [](const Tensor& v) { return store(DType::f64, v.dims(), load<double>(v)); };
  HONE_ASSIGN(const Tensor y,
              run_inner(ctx, {"LayerNormalization", 17, a},
                        {store(DType::f64, dims, sum), wide(ctx.in(gamma)), wide(ctx.in(beta))}));
  ctx.set(0, store(t, dims, load<double>(y)));
  if (ctx.has_output(1)) {
    std::vector<double> count(static_cast<size_t>(batch), 0.0);
    std::vector<int64_t> given;
    if (ctx.has_input(mask)) given = ints_of(ctx.in(mask));
    if (ctx.has_input(mask) && ctx.in(mask).dims() != tokens.dims()) {
      return error(Code::shape_mismatch, "the mask does not fit");
    }
    for (size_t i = 0; i < given.size(); ++i) {
      count[i / static_cast<size_t>(steps)] += given[i] == 1 ? 1 : 0;
    }
    ctx.set(1, store(DType::i32, {batch}, count));
  }
  if (ctx.has_output(2)) ctx.set(2, store(t, dims, sum));
  return {};
}

double eight(const Graph& graph, const Node& node) { return 8 * output_elements(graph, node); }

constexpr AttrSpec attrs[] = {{"epsilon", AttrType::f}, {"mask_index_type", AttrType::i}};
const OpDef defs[] = {
    {microsoft, "EmbedLayerNormalization", 1, 1, 9, 1, 3, attrs, infer_embed, embed, eight, 1e-4},
};

}  // namespace

std::span<const OpDef> contrib_embed_defs() { return defs; }

}  // namespace hone::ops
