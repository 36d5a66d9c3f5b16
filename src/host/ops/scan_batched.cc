// Scan of opset 8: a batch of sequences, each run by the Scan of opset 9.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Inputs: lengths of the sequences or none, states [batch, ...], scanned [batch, length, ...].
struct Shape8 {
  size_t states, scanned, collected;
};
Result<Shape8> shape_of(const Node& node) {
  const int64_t scanned = node.attributes.i("num_scan_inputs", 0);
  const auto given = static_cast<int64_t>(node.inputs.size()) - 1;
  if (scanned < 1 || scanned > given) return invalid(fmt::format("num_scan_inputs is {}", scanned));
  const auto states = static_cast<size_t>(given - scanned);
  if (node.outputs.size() < states) return invalid("fewer outputs than states");
  return Shape8{states, static_cast<size_t>(scanned), node.outputs.size() - states};
}

Result<BlockId> body_of(const Graph& graph, const Node& node) {
  for (BlockId b : node.blocks) {
    const graph::Block& block = graph.block(b);
    if (block.name == "body" && block.inputs.size() + 1 == node.inputs.size() &&
        block.outputs.size() == node.outputs.size()) {
      return b;
    }
  }
  return invalid("body is missing, or has other inputs and outputs than the node");
}

Status infer_scan(InferContext& ctx) {
  Graph& graph = ctx.graph();
  HONE_ASSIGN(const Shape8 s, shape_of(ctx.node()));
  HONE_ASSIGN(const BlockId body, body_of(graph, ctx.node()));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 0));
  const std::vector<ValueId> inputs = graph.block(body).inputs;
  const std::vector<ValueId> outputs = graph.block(body).outputs;
  Dim batch = ctx.unknown(0, 0), length = ctx.unknown(ctx.outputs() - 1, 1);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int drop = i < s.states ? 1 : 2;
    HONE_RETURN_IF_ERROR(check_rank(ctx, i + 1, drop));
    Fact each = shaped_like(ctx.in(i + 1), ctx.in(i + 1).dtype);
    if (each.has_rank()) {
      batch = each.shape->front();
      if (drop == 2) length = (*each.shape)[1];
      each.shape->erase(each.shape->begin(), each.shape->begin() + drop);
    }
    graph.set_fact(inputs[i], std::move(each));
  }
  HONE_RETURN_IF_ERROR(infer_block(graph, body));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Fact each = graph.fact(outputs[i]);
    if (!each.has_rank()) {
      ctx.set_unranked(i, each.dtype);
      continue;
    }
    SymShape out{batch};
    if (i >= s.states) out.push_back(length);
    for (const Dim& d : *each.shape) {
      out.push_back(d.is_const() ? d : ctx.unknown(i, static_cast<int>(out.size())));
    }
    ctx.set(i, each.dtype, std::move(out));
  }
  return {};
}

// Element b of the batch, of it the first `length` along the next axis where that is not negative.
Result<Tensor> element(const Tensor& x, int64_t b, int64_t length) {
  Dims dims(x.dims().begin() + 1, x.dims().end());
  const int64_t each = element_count(dims);
  if (length >= 0) dims[0] = length;
  return gather_elements(x, dims, [&](int64_t i) { return b * each + i; });
}

// The parts one behind the other along a new axis 0; what is shorter is filled up with zeros.
Result<Tensor> stacked(const std::vector<Tensor>& parts, int64_t length) {
  Dims dims = parts[0].dims();
  if (length >= 0) dims[0] = length;
  const int64_t each = element_count(dims);
  dims.insert(dims.begin(), static_cast<int64_t>(parts.size()));
  HONE_RETURN_IF_ERROR(check_size(parts[0].dtype(), dims));
  Mover mover(parts[0].dtype(), dims);
  for (size_t b = 0; b < parts.size(); ++b) {
    if (parts[b].count() > each) return error(Code::shape_mismatch, "an output changes its shape");
    for (int64_t i = 0; i < parts[b].count(); ++i) {
      mover.put(static_cast<int64_t>(b) * each + i, parts[b], i);
    }
  }
  return std::move(mover).take();
}

// The batch's size and the sequences' length, which all inputs must have.
struct Sizes {
  int64_t batch = -1, length = -1;
};
Result<Sizes> sizes_of(const RefContext& ctx, const Shape8& s) {
  Sizes all;
  const auto same = [](int64_t* known, int64_t size) {
    const bool fits = *known < 0 || *known == size;
    *known = size;
    return fits;
  };
  for (size_t i = 1; i < ctx.inputs(); ++i) {
    const bool scanned = i > s.states;
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
    const Dims& dims = ctx.in(i).dims();
    if (dims.size() < (scanned ? 2u : 1u) || !same(&all.batch, dims[0]) ||
        (scanned && !same(&all.length, dims[1]))) {
      return error(Code::shape_mismatch, fmt::format("input {} is of another batch or length", i));
    }
  }
  if (all.batch < 1) return unsupported("an empty batch");
  return all;
}

Status scan(RefContext& ctx) {
  HONE_ASSIGN(const Shape8 s, shape_of(ctx.node()));
  HONE_ASSIGN(const Sizes sizes, sizes_of(ctx, s));
  std::vector<int64_t> lengths(static_cast<size_t>(sizes.batch), sizes.length);
  if (ctx.has_input(0)) lengths = ints_of(ctx.in(0));
  Node node = ctx.node();
  node.version = 9;
  node.inputs.erase(node.inputs.begin());
  node.attributes.erase("directions");
  if (ctx.node().attributes.has("directions")) {
    node.attributes.set("scan_input_directions", ctx.node().attributes.ints("directions", {}));
  }
  std::vector<std::vector<Tensor>> results(node.outputs.size());
  for (int64_t b = 0; b < sizes.batch; ++b) {
    const auto at = static_cast<size_t>(b);
    if (lengths.size() != static_cast<size_t>(sizes.batch) || lengths[at] < 0 ||
        lengths[at] > sizes.length) {
      return invalid("sequence_lens does not fit the batch");
    }
    std::vector<Tensor> in;
    for (size_t i = 1; i < ctx.inputs(); ++i) {
      HONE_ASSIGN(Tensor t, element(ctx.in(i), b, i > s.states ? lengths[at] : -1));
      in.push_back(std::move(t));
    }
    RefContext each(ctx.graph(), node, in);
    each.run_block = ctx.run_block;
    HONE_RETURN_IF_ERROR(find_op(node)->reference(each));
    std::vector<Tensor> out = each.take_outputs();
    for (size_t k = 0; k < out.size(); ++k) results[k].push_back(std::move(out[k]));
  }
  for (size_t k = 0; k < results.size(); ++k) {
    HONE_ASSIGN(Tensor t, stacked(results[k], k < s.states ? -1 : sizes.length));
    ctx.set(k, std::move(t));
  }
  return {};
}

constexpr AttrSpec attrs[] = {{"body", AttrType::graph, true},
                              {"num_scan_inputs", AttrType::i, true},
                              {"directions", AttrType::ints}};
// The lengths may be absent.
const OpDef defs[] = {{"", "Scan", 8, 0, -1, 1, -1, attrs, infer_scan, scan, no_flops}};

}  // namespace

std::span<const OpDef> scan_batched_defs() { return defs; }

}  // namespace hone::ops
