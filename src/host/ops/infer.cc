// Inference of facts: the context that operators see, and the walk over a graph.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "host/graph/title.h"
#include "host/ops/infer_util.h"
#include "host/ops/op_def.h"
#include "host/ops/settle_if.h"

namespace hone::ops {
namespace {

bool content_type(DType t) { return t == DType::i64 || t == DType::i32 || t == DType::boolean; }

// A constant that the type cannot hold would have wrapped around.
bool fits(const Dim& d, DType t) {
  const std::optional<int64_t> v = d.const_value();
  if (!v || t == DType::i64) return true;
  if (t == DType::boolean) return *v == 0 || *v == 1;
  return *v >= std::numeric_limits<int32_t>::min() && *v <= std::numeric_limits<int32_t>::max();
}

Status check_arity(const OpDef& def, const Node& node) {
  const auto outside = [](size_t n, int least, int most) {
    return n < static_cast<size_t>(least) || (most >= 0 && n > static_cast<size_t>(most));
  };
  if (outside(node.inputs.size(), def.min_inputs, def.max_inputs)) {
    return invalid(fmt::format("{} inputs, which {} version {} does not take", node.inputs.size(),
                               node.op, node.version));
  }
  if (outside(node.outputs.size(), def.min_outputs, def.max_outputs)) {
    return invalid(fmt::format("{} outputs, which {} version {} does not have", node.outputs.size(),
                               node.op, node.version));
  }
  for (size_t i = 0; i < static_cast<size_t>(def.min_inputs); ++i) {
    if (node.input(i) == graph::none) return invalid(fmt::format("input {} is missing", i));
  }
  return {};
}

// Gives `v` content: by what its producer makes of its operands' once they have some (a sum of two
// sizes), else symbols of its own.
void decide_sizes(Graph& graph, ValueId v, int depth) {
  constexpr int deepest = 32;
  const Fact& known = graph.fact(v);
  const bool integers = known.dtype == DType::i64 || known.dtype == DType::i32;
  if (!integers || known.kind != Fact::Kind::tensor || known.content) return;
  const std::optional<size_t> count = content_size(known);
  if (!count || *count > 16) return;
  const NodeId producer = graph.value(v).producer;
  if (producer != graph::none && depth < deepest) {
    const std::vector<ValueId> operands = graph.node(producer).inputs;
    for (ValueId operand : operands) {
      if (operand != graph::none && !graph.value(operand).is_constant()) {
        decide_sizes(graph, operand, depth + 1);
      }
    }
    // What it says of a wrong model it has said before.
    static_cast<void>(infer_node(graph, producer));
    if (graph.fact(v).content) return;
  }
  Fact fact = graph.fact(v);
  fact.content.emplace();
  for (size_t k = 0; k < *count; ++k) {
    fact.content->push_back(Dim::symbol(data_symbol(graph, v, k)));
  }
  graph.set_fact(v, std::move(fact));
}

}  // namespace

const Fact& InferContext::in(size_t i) const {
  static const Fact absent;
  return has_input(i) ? graph_.fact(node_.input(i)) : absent;
}

const Tensor* InferContext::constant(size_t i) const {
  return has_input(i) ? graph_.constant(node_.input(i)) : nullptr;
}

std::optional<std::vector<Dim>> InferContext::content(size_t i) const {
  if (!has_input(i)) return std::nullopt;
  if (const Tensor* t = constant(i)) {
    if (!content_type(t->dtype()) || t->rank() > 1) return std::nullopt;
    if (t->count() > static_cast<int64_t>(graph::max_content)) return std::nullopt;
    std::vector<Dim> dims;
    for (int64_t k = 0; k < t->count(); ++k) dims.emplace_back(t->int_at(k));
    return dims;
  }
  return in(i).content;
}

std::optional<std::vector<int64_t>> InferContext::ints(size_t i) const {
  if (const Tensor* t = constant(i)) {
    if (!is_integer(t->dtype()) && t->dtype() != DType::boolean) return std::nullopt;
    return to_ints(*t);
  }
  const std::optional<std::vector<Dim>> dims = content(i);
  if (!dims || !graph::all_const(*dims)) return std::nullopt;
  return graph::const_dims(*dims);
}

std::optional<std::vector<Dim>> InferContext::sizes(size_t i) const {
  if (auto known = content(i)) return known;
  // Inside If and Loop nothing is measured.
  if (!has_input(i) || constant(i) != nullptr || node_.block != 0) return std::nullopt;
  decide_sizes(graph_, node_.input(i), 0);
  return in(i).content;
}

void InferContext::set(size_t output, Fact fact) {
  if (has_output(output)) graph_.set_fact(node_.output(output), std::move(fact));
}

void InferContext::set(size_t output, DType dtype, SymShape shape) {
  set(output, Fact::of(dtype, std::move(shape)));
}

void InferContext::set_unranked(size_t output, DType dtype) {
  Fact fact;
  fact.dtype = dtype;
  set(output, std::move(fact));
}

void InferContext::set_content(size_t output, std::vector<Dim> content) {
  if (!has_output(output)) return;
  Fact fact = graph_.fact(node_.output(output));
  fact.content.reset();
  const DType t = fact.dtype;
  const bool keep =
      content.size() <= graph::max_content && content_type(t) && fact.has_rank() &&
      fact.rank() <= 1 &&
      std::all_of(content.begin(), content.end(), [t](const Dim& d) { return fits(d, t); });
  if (keep) fact.content = std::move(content);
  graph_.set_fact(node_.output(output), std::move(fact));
}

Dim InferContext::unknown(size_t output, int axis) const {
  const std::string stem =
      has_output(output) ? graph_.value(node_.output(output)).name : node_.name;
  return Dim::symbol(fmt::format("{}.{}", stem, axis));
}

std::string data_symbol(const Graph& graph, ValueId v, size_t k) {
  return fmt::format("?{}[{}]", graph.value(v).name, k);
}

// Behind an operator that nobody knows (guest.h) inference has nothing to go by: what was known of
// the outputs, from the file's declarations, stays.
class DeclaredFacts {
 public:
  DeclaredFacts(Graph& graph, NodeId id) : graph_(graph), id_(id) {
    const Node& node = graph.node(id);
    const bool open = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return v != graph::none && graph.fact(v).dtype == DType::none;
    });
    if (!open) return;
    for (ValueId v : node.outputs) facts_.push_back(v == graph::none ? Fact() : graph.fact(v));
  }
  void restore() {
    for (size_t i = 0; i < facts_.size(); ++i) {
      const ValueId v = graph_.node(id_).outputs[i];
      if (v != graph::none && graph_.fact(v).dtype == DType::none) {
        graph_.set_fact(v, std::move(facts_[i]));
      }
    }
  }

 private:
  Graph& graph_;
  NodeId id_;
  std::vector<Fact> facts_;  // of the outputs; empty where all inputs have types
};

Status infer_node(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const OpDef* def = find_op(node);
  if (def == nullptr) {
    return unsupported(
        fmt::format("{}: no operator {} of version {}", title(graph, node), node.op, node.version));
  }
  Status status = check_arity(*def, node);
  if (status.ok()) {
    DeclaredFacts declared(graph, id);
    InferContext ctx(graph, id);
    status = def->infer(ctx);
    declared.restore();
  }
  return hone::in(title(graph, node), status);
}

Status infer_block(Graph& graph, BlockId block) {
  const std::vector<NodeId> nodes = graph.block(block).nodes;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!graph.node(nodes[i]).alive) continue;
    HONE_RETURN_IF_ERROR(infer_node(graph, nodes[i]));
    HONE_RETURN_IF_ERROR(settle_if(graph, nodes[i], std::span(nodes).subspan(i + 1)));
  }
  return {};
}

Status infer_graph(Graph& graph) { return infer_block(graph, 0); }

namespace {

std::string input_list(const Graph& graph) {
  std::string text;
  for (ValueId v : graph.block().inputs) {
    text += fmt::format("{}'{}'", text.empty() ? "" : ", ", graph.value(v).name);
  }
  return text.empty() ? "it has none" : text;
}

// Sizes collected from the inputs, and which input gave each.
struct Binding {
  graph::SymbolValues values;
  std::map<std::string, std::string> giver;
};

Status bind_dim(const std::string& input, size_t axis, const Dim& declared, int64_t size,
                Binding* binding) {
  if (size < 0) return invalid(fmt::format("input '{}': size {} is negative", input, size));
  if (declared.is_symbol()) {
    const std::string& symbol = declared.symbol_name();
    const auto [at, fresh] = binding->values.emplace(symbol, Dim(size));
    if (fresh) {
      binding->giver[symbol] = input;
    } else if (!(at->second == Dim(size))) {
      return error(Code::shape_mismatch,
                   fmt::format("'{}' is {} by input '{}' and {} by input '{}'", symbol,
                               to_string(at->second), binding->giver[symbol], size, input));
    }
    return {};
  }
  if (!provably_different(declared, Dim(size))) return {};
  return error(Code::shape_mismatch,
               fmt::format("input '{}': dimension {} is {} in the model, {} given", input, axis,
                           to_string(declared), size));
}

Status bind_input(Graph& graph, const std::string& name, const Dims& dims, Binding* binding) {
  const ValueId v = graph.find_value(name);
  if (v == graph::none || !graph.is_graph_input(v)) {
    return error(Code::not_found,
                 fmt::format("no input '{}'; the inputs are: {}", name, input_list(graph)));
  }
  Fact fact = graph.fact(v);
  if (!fact.has_rank()) {
    fact.shape = SymShape(dims.begin(), dims.end());
    graph.set_fact(v, std::move(fact));
    return {};
  }
  if (fact.shape->size() != dims.size()) {
    return error(Code::shape_mismatch, fmt::format("input '{}': rank {} expected, {} given", name,
                                                   fact.shape->size(), dims.size()));
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    HONE_RETURN_IF_ERROR(bind_dim(name, i, (*fact.shape)[i], dims[i], binding));
  }
  return {};
}

}  // namespace

Status bind_input_shapes(Graph& graph, const std::map<std::string, Dims>& shapes) {
  Binding binding;
  for (const auto& [name, dims] : shapes) {
    HONE_RETURN_IF_ERROR(bind_input(graph, name, dims, &binding));
  }
  return bind_symbols(graph, binding.values);
}

Status bind_symbols(Graph& graph, const graph::SymbolValues& values) {
  graph.substitute(values);
  for (NodeId node : graph.all_nodes()) {
    for (ValueId v : graph.node(node).outputs) {
      if (v != graph::none) graph.set_fact(v, {});
    }
  }
  return infer_graph(graph);
}

}  // namespace hone::ops
