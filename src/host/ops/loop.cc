// Loop and Scan.
#include <algorithm>
#include <set>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- inference ----------------------------------------------------------------------------------

Result<BlockId> body_of(const Graph& graph, const Node& node) {
  for (BlockId b : node.blocks) {
    if (graph.block(b).name == "body") return b;
  }
  return invalid("body is missing");
}

// What holds of a value in every iteration: what both facts say.
Fact common(const Fact& a, const Fact& b, const std::string& name) {
  Fact fact;
  fact.kind = a.kind;
  fact.dtype = a.dtype != DType::none ? a.dtype : b.dtype;
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return fact;
  fact.shape = a.shape;
  for (size_t d = 0; d < fact.shape->size(); ++d) {
    if ((*a.shape)[d] == (*b.shape)[d]) continue;
    (*fact.shape)[d] = Dim::symbol(fmt::format("{}.{}", name, d));
  }
  if (a.content && b.content && *a.content == *b.content) fact.content = a.content;
  return fact;
}

bool same(const Fact& a, const Fact& b) {
  return a.kind == b.kind && a.dtype == b.dtype && a.shape == b.shape && a.content == b.content;
}

Status check_types(const Fact& a, const Fact& b, size_t i) {
  const bool types = a.dtype == DType::none || b.dtype == DType::none || a.dtype == b.dtype;
  if (types && a.kind == b.kind) return {};
  return invalid(fmt::format("state {} is {} before an iteration and {} after it", i, to_string(a),
                             to_string(b)));
}

// Infers the body with states that begin as `initial`, until the facts hold in every iteration:
// block inputs [first, ...) are the states, outputs from `first_out` their next values.
Result<std::vector<Fact>> infer_states(Graph& graph, BlockId body, std::vector<Fact> facts,
                                       size_t first, size_t first_out) {
  const std::vector<ValueId> inputs = graph.block(body).inputs;
  const std::vector<ValueId> outputs = graph.block(body).outputs;
  // Every round loses at least one size or rank, or is the last.
  for (int round = 0; round < 16; ++round) {
    for (size_t i = 0; i < facts.size(); ++i) {
      const bool untyped = facts[i].dtype == DType::none && !facts[i].has_rank();
      if (!untyped) graph.set_fact(inputs[first + i], facts[i]);
    }
    HONE_RETURN_IF_ERROR(infer_block(graph, body));
    bool settled = true;
    for (size_t i = 0; i < facts.size(); ++i) {
      const Fact next = graph.fact(outputs[first_out + i]);
      HONE_RETURN_IF_ERROR(check_types(facts[i], next, i));
      Fact both = common(facts[i], next, graph.value(inputs[first + i]).name);
      settled = settled && same(both, facts[i]);
      facts[i] = std::move(both);
    }
    if (settled) return facts;
  }
  return unsupported("the states' shapes do not settle");
}

// Sizes that an iteration of the body decides mean nothing outside of it.
class Inside {
 public:
  Inside(const Graph& graph, BlockId body) : graph_(graph) { collect(body); }
  bool depends(const Dim& d) const {
    const std::set<std::string> symbols = d.symbols();
    return std::any_of(symbols.begin(), symbols.end(), [this](const std::string& s) {
      return s.starts_with('?') || names_.contains(s.substr(0, s.rfind('.')));
    });
  }

 private:
  void collect(BlockId b) {
    for (ValueId v : graph_.block(b).inputs) names_.insert(graph_.value(v).name);
    for (NodeId n : graph_.block(b).nodes) {
      names_.insert(graph_.node(n).name);
      for (ValueId v : graph_.node(n).outputs) {
        if (v != graph::none) names_.insert(graph_.value(v).name);
      }
      for (BlockId inner : graph_.node(n).blocks) collect(inner);
    }
  }
  const Graph& graph_;
  std::set<std::string> names_;
};

// A state after the last iteration: its facts outside, sizes of the body's own made the output's.
void set_state(InferContext& ctx, size_t output, Fact fact, const Inside& inside) {
  fact.content.reset();
  for (size_t d = 0; fact.shape && d < fact.shape->size(); ++d) {
    Dim& size = (*fact.shape)[d];
    if (inside.depends(size)) size = ctx.unknown(output, static_cast<int>(d));
  }
  ctx.set(output, std::move(fact));
}

// An output that collects a value of every iteration along `axis`.
Status set_scanned(InferContext& ctx, size_t output, const Fact& each, const Dim& count,
                   int64_t axis, const Inside& inside) {
  if (!each.has_rank()) {
    ctx.set_unranked(output, each.dtype);
    return {};
  }
  SymShape out = *each.shape;
  HONE_ASSIGN(const int at, normal_axis(axis, each.rank() + 1));
  out.insert(out.begin() + at, count);
  for (size_t d = 0; d < out.size(); ++d) {
    if (static_cast<int>(d) != at && inside.depends(out[d])) {
      out[d] = ctx.unknown(output, static_cast<int>(d));
    }
  }
  ctx.set(output, each.dtype, std::move(out));
  return {};
}

// --- Loop ---------------------------------------------------------------------------------------

// Iterations, where the condition provably never ends the loop early.
Dim trip_count(const InferContext& ctx, BlockId body) {
  const Dim unknown = ctx.unknown(ctx.outputs() - 1, 0);
  const graph::Block& block = ctx.graph().block(body);
  const ValueId next = block.outputs[0];
  const Node* from = ctx.graph().producer_of(next);
  const Tensor* constant = ctx.graph().constant(next);
  const bool passed = next == block.inputs[1] || (from != nullptr && from->op == "Identity" &&
                                                  from->inputs[0] == block.inputs[1]);
  const bool always = constant != nullptr && constant->dtype() == DType::boolean &&
                      constant->count() == 1 && constant->int_at(0) != 0;
  const auto first = ctx.ints(1);
  const bool begins = !ctx.has_input(1) || (first && *first == std::vector<int64_t>{1});
  const auto most = ctx.content(0);
  if ((!passed && !always) || !begins || !most || most->size() != 1) return unknown;
  return max(most->front(), Dim(0));
}

// The number of the iteration and the condition are scalars; a body that declares them as vectors
// of one gets them so, as ONNX Runtime has it: tf2onnx's crop_and_resize slices by the number.
void take_single(Graph& graph, ValueId v, DType type) {
  const Fact& declared = graph.fact(v);
  const bool vector = declared.has_rank() && declared.rank() == 1;
  graph.set_fact(v, Fact::of(type, vector ? SymShape{Dim(1)} : SymShape{}));
}

Status infer_loop(InferContext& ctx) {
  Graph& graph = ctx.graph();
  HONE_ASSIGN(const BlockId body, body_of(graph, ctx.node()));
  const std::vector<ValueId> inputs = graph.block(body).inputs;
  const std::vector<ValueId> outputs = graph.block(body).outputs;
  const size_t states = ctx.inputs() < 2 ? 0 : ctx.inputs() - 2;
  if (inputs.size() != states + 2 || outputs.size() < states + 1 ||
      outputs.size() != ctx.outputs() + 1) {
    return invalid(fmt::format("a body of {} inputs and {} outputs for {} states and {} outputs",
                               inputs.size(), outputs.size(), states, ctx.outputs()));
  }
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 0));
  take_single(graph, inputs[0], DType::i64);
  take_single(graph, inputs[1], DType::boolean);
  std::vector<Fact> facts;
  for (size_t i = 0; i < states; ++i) facts.push_back(ctx.in(i + 2));
  HONE_ASSIGN(facts, infer_states(graph, body, std::move(facts), 2, 1));
  const Inside inside(graph, body);
  for (size_t i = 0; i < states; ++i) set_state(ctx, i, facts[i], inside);
  const Dim count = trip_count(ctx, body);
  for (size_t i = states; i < ctx.outputs(); ++i) {
    HONE_RETURN_IF_ERROR(set_scanned(ctx, i, graph.fact(outputs[i + 1]), count, 0, inside));
  }
  return {};
}

// --- Scan ---------------------------------------------------------------------------------------

struct ScanShape {
  size_t states = 0, scanned = 0, collected = 0;
  std::vector<int64_t> in_axes, out_axes, in_directions, out_directions;
};

Result<ScanShape> scan_shape(const Node& node, size_t inputs) {
  ScanShape s;
  const int64_t scanned = node.attributes.i("num_scan_inputs", 0);
  if (scanned < 1 || scanned > static_cast<int64_t>(inputs)) {
    return invalid(fmt::format("num_scan_inputs is {}", scanned));
  }
  s.scanned = static_cast<size_t>(scanned);
  s.states = inputs - s.scanned;
  if (node.outputs.size() < s.states) return invalid("fewer outputs than states");
  s.collected = node.outputs.size() - s.states;
  const auto list = [&](const char* name, size_t n, std::vector<int64_t>* out) -> Status {
    *out = node.attributes.ints(name, std::vector<int64_t>(n, 0));
    return out->size() == n ? Status()
                            : invalid(fmt::format("{} has {} entries", name, out->size()));
  };
  HONE_RETURN_IF_ERROR(list("scan_input_axes", s.scanned, &s.in_axes));
  HONE_RETURN_IF_ERROR(list("scan_output_axes", s.collected, &s.out_axes));
  HONE_RETURN_IF_ERROR(list("scan_output_directions", s.collected, &s.out_directions));
  const char* directions = node.version < 9 ? "directions" : "scan_input_directions";
  HONE_RETURN_IF_ERROR(list(directions, s.scanned, &s.in_directions));
  return s;
}

Status check_body(const graph::Block& block, size_t inputs, size_t outputs) {
  if (block.inputs.size() == inputs && block.outputs.size() == outputs) return {};
  return invalid(fmt::format("a body of {} inputs and {} outputs for {} and {}",
                             block.inputs.size(), block.outputs.size(), inputs, outputs));
}

Status infer_scan(InferContext& ctx) {
  Graph& graph = ctx.graph();
  HONE_ASSIGN(const BlockId body, body_of(graph, ctx.node()));
  HONE_ASSIGN(const ScanShape s, scan_shape(ctx.node(), ctx.inputs()));
  HONE_RETURN_IF_ERROR(check_body(graph.block(body), ctx.inputs(), ctx.outputs()));
  const std::vector<ValueId> inputs = graph.block(body).inputs;
  const std::vector<ValueId> outputs = graph.block(body).outputs;
  Dim count = ctx.unknown(ctx.outputs() - 1, 0);
  for (size_t i = 0; i < s.scanned; ++i) {
    const Fact& whole = ctx.in(s.states + i);
    Fact slice = shaped_like(whole, whole.dtype);
    if (whole.has_rank()) {
      HONE_ASSIGN(const int axis, normal_axis(s.in_axes[i], whole.rank()));
      const Dim size = (*whole.shape)[static_cast<size_t>(axis)];
      if (!count.is_const()) count = size;
      HONE_RETURN_IF_ERROR(check_equal(count, size, "lengths of scan inputs"));
      slice.shape->erase(slice.shape->begin() + axis);
    }
    graph.set_fact(inputs[s.states + i], std::move(slice));
  }
  std::vector<Fact> facts;
  for (size_t i = 0; i < s.states; ++i) facts.push_back(ctx.in(i));
  HONE_ASSIGN(facts, infer_states(graph, body, std::move(facts), 0, 0));
  const Inside inside(graph, body);
  for (size_t i = 0; i < s.states; ++i) set_state(ctx, i, facts[i], inside);
  for (size_t i = 0; i < s.collected; ++i) {
    HONE_RETURN_IF_ERROR(set_scanned(ctx, s.states + i, graph.fact(outputs[s.states + i]), count,
                                     s.out_axes[i], inside));
  }
  return {};
}

// --- reference ----------------------------------------------------------------------------------

// The parts as one tensor with a new axis; without parts, an empty one like `fact`.
Result<Tensor> stacked(const std::vector<Tensor>& parts, const Fact& fact, int64_t axis) {
  Dims dims;
  if (!parts.empty()) {
    dims = parts[0].dims();
  } else if (fact.has_rank()) {
    for (const Dim& d : *fact.shape) dims.push_back(d.const_value().value_or(0));
  }
  const DType type = parts.empty() ? fact.dtype : parts[0].dtype();
  HONE_ASSIGN(const int at, normal_axis(axis, static_cast<int>(dims.size()) + 1));
  const auto count = static_cast<int64_t>(parts.size());
  const int64_t inner =
      element_count(std::span<const int64_t>(dims).subspan(static_cast<size_t>(at)));
  const Dims each = dims;
  dims.insert(dims.begin() + at, count);
  HONE_RETURN_IF_ERROR(check_size(type, dims));
  Mover mover(type, dims);
  for (int64_t p = 0; p < count; ++p) {
    const Tensor& part = parts[static_cast<size_t>(p)];
    if (part.dims() != each || part.dtype() != type || !part.is_plain()) {
      return error(Code::shape_mismatch, "what is collected changes its shape");
    }
    for (int64_t i = 0; i < part.count(); ++i) {
      mover.put((i / inner * count + p) * inner + i % inner, part, i);
    }
  }
  return std::move(mover).take();
}

Result<bool> as_bool(const Tensor& t) {
  if (t.is_plain() && t.dtype() == DType::boolean && t.count() == 1) return t.int_at(0) != 0;
  return invalid("the condition is not one bool");
}

Status loop(RefContext& ctx) {
  HONE_ASSIGN(const BlockId body, body_of(ctx.graph(), ctx.node()));
  const std::vector<ValueId> inputs = ctx.graph().block(body).inputs;
  const std::vector<ValueId> outputs = ctx.graph().block(body).outputs;
  const auto single = [&](ValueId v, const Tensor& x) {
    return ctx.graph().fact(v).rank() == 1 ? x.reshaped({1}) : x;
  };
  int64_t most = INT64_MAX;
  if (ctx.has_input(0)) {
    if (ctx.in(0).is_sequence()) return invalid("the trip count is a sequence");
    HONE_ASSIGN(most, scalar_int(ctx, 0));
  }
  bool goes_on = true;
  if (ctx.has_input(1)) {
    HONE_ASSIGN(goes_on, as_bool(ctx.in(1)));
  }
  std::vector<Tensor> states;
  for (size_t i = 2; i < ctx.inputs(); ++i) states.push_back(ctx.in(i));
  const size_t n = states.size();
  if (outputs.size() < n + 1) return invalid("the body has too few outputs");
  std::vector<std::vector<Tensor>> collected(outputs.size() - n - 1);
  for (int64_t i = 0; i < most && goes_on; ++i) {
    std::vector<Tensor> in{single(inputs[0], Tensor::scalar(i)),
                           single(inputs[1], Tensor::scalar(true))};
    in.insert(in.end(), states.begin(), states.end());
    HONE_ASSIGN(const std::vector<Tensor> out, ctx.run_block(body, std::move(in)));
    HONE_ASSIGN(goes_on, as_bool(out[0]));
    std::copy_n(out.begin() + 1, n, states.begin());
    for (size_t k = 0; k < collected.size(); ++k) collected[k].push_back(out[n + 1 + k]);
  }
  for (size_t i = 0; i < n; ++i) ctx.set(i, std::move(states[i]));
  for (size_t k = 0; k < collected.size(); ++k) {
    HONE_ASSIGN(Tensor t, stacked(collected[k], ctx.graph().fact(outputs[n + 1 + k]), 0));
    ctx.set(n + k, std::move(t));
  }
  return {};
}

// Element i along the axis, which goes.
Result<Tensor> slice_at(const Tensor& x, int axis, int64_t i) {
  const Lines lines = lines_of(x.dims(), axis);
  Dims dims = x.dims();
  dims.erase(dims.begin() + axis);
  return gather_elements(x, dims,
                         [&](int64_t line) { return lines.first(line) + i * lines.stride; });
}

// One run over the scan inputs: final states, then what was collected.
Result<std::vector<Tensor>> scan_once(RefContext& ctx, BlockId body, const ScanShape& s,
                                      std::vector<Tensor> states,
                                      const std::vector<Tensor>& scanned) {
  std::vector<int> axes;
  int64_t count = -1;
  for (size_t i = 0; i < scanned.size(); ++i) {
    HONE_ASSIGN(const int axis, normal_axis(s.in_axes[i], scanned[i].rank()));
    axes.push_back(axis);
    const int64_t size = scanned[i].dims()[static_cast<size_t>(axis)];
    if (count >= 0 && size != count) return error(Code::shape_mismatch, "lengths of scan inputs");
    count = size;
  }
  std::vector<std::vector<Tensor>> collected(s.collected);
  for (int64_t t = 0; t < count; ++t) {
    std::vector<Tensor> in = states;
    for (size_t i = 0; i < scanned.size(); ++i) {
      const int64_t at = s.in_directions[i] != 0 ? count - 1 - t : t;
      HONE_ASSIGN(Tensor slice, slice_at(scanned[i], axes[i], at));
      in.push_back(std::move(slice));
    }
    HONE_ASSIGN(const std::vector<Tensor> out, ctx.run_block(body, std::move(in)));
    std::copy_n(out.begin(), s.states, states.begin());
    for (size_t k = 0; k < s.collected; ++k) collected[k].push_back(out[s.states + k]);
  }
  std::vector<Tensor> result = std::move(states);
  const std::vector<ValueId>& outputs = ctx.graph().block(body).outputs;
  for (size_t k = 0; k < s.collected; ++k) {
    if (s.out_directions[k] != 0) std::reverse(collected[k].begin(), collected[k].end());
    HONE_ASSIGN(Tensor t,
                stacked(collected[k], ctx.graph().fact(outputs[s.states + k]), s.out_axes[k]));
    result.push_back(std::move(t));
  }
  return result;
}

Status scan(RefContext& ctx) {
  HONE_ASSIGN(const BlockId body, body_of(ctx.graph(), ctx.node()));
  HONE_ASSIGN(const ScanShape s, scan_shape(ctx.node(), ctx.inputs()));
  HONE_RETURN_IF_ERROR(
      check_body(ctx.graph().block(body), ctx.inputs(), ctx.node().outputs.size()));
  std::vector<Tensor> states, scanned;
  for (size_t i = 0; i < ctx.inputs(); ++i) {
    if (!ctx.has_input(i)) return invalid(fmt::format("input {} is missing", i));
    (i < s.states ? states : scanned).push_back(ctx.in(i));
  }
  HONE_ASSIGN(std::vector<Tensor> out, scan_once(ctx, body, s, std::move(states), scanned));
  for (size_t i = 0; i < out.size(); ++i) ctx.set(i, std::move(out[i]));
  return {};
}

constexpr AttrSpec loop_attrs[] = {{"body", AttrType::graph, true}};
constexpr AttrSpec scan_9[] = {
    {"body", AttrType::graph, true},      {"num_scan_inputs", AttrType::i, true},
    {"scan_input_axes", AttrType::ints},  {"scan_input_directions", AttrType::ints},
    {"scan_output_axes", AttrType::ints}, {"scan_output_directions", AttrType::ints}};
// Loop's first two inputs may both be absent.
const OpDef defs[] = {
    {"", "Loop", 1, 0, -1, 1, -1, loop_attrs, infer_loop, loop, no_flops, 1e-5, true, true},
    {"", "Scan", 9, 1, -1, 1, -1, scan_9, infer_scan, scan, no_flops},
};

}  // namespace

std::span<const OpDef> loop_defs() { return defs; }

}  // namespace hone::ops
