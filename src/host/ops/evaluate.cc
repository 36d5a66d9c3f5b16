// The reference executor.
#include "host/ops/evaluate.h"

#include <fmt/format.h>

#include <new>
#include <stdexcept>

#include "host/graph/title.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Blocks inside blocks inside blocks ...: deeper than any model, shallower than the stack.
constexpr int max_depth = 64;

const char* kind_of(const Tensor& t) {
  if (t.is_sequence()) return "a sequence";
  if (t.is_map()) return "a map";
  return t.is_empty_optional() ? "an optional without a value" : "a tensor";
}

class Executor {
 public:
  Executor(const Graph& graph, const Tap& tap, std::span<const Tensor> known = {})
      : graph_(graph),
        tap_(tap),
        known_(known),
        values_(static_cast<size_t>(graph.value_count())) {}

  Result<std::vector<Tensor>> run(BlockId id, std::vector<Tensor> inputs) {
    const graph::Block& block = graph_.block(id);
    if (!block.poisoned.empty()) {
      return error(Code::shape_mismatch,
                   fmt::format("{} was reached, but {}", block.name, block.poisoned));
    }
    if (inputs.size() != block.inputs.size()) {
      return invalid(
          fmt::format("{} inputs expected, {} given", block.inputs.size(), inputs.size()));
    }
    if (depth_ >= max_depth) return unsupported("subgraphs are nested too deeply");
    ++depth_;
    for (size_t i = 0; i < inputs.size(); ++i) at(block.inputs[i]) = std::move(inputs[i]);
    Status status;
    for (NodeId n : block.nodes) {
      const Node& node = graph_.node(n);
      if (node.alive && status.ok()) status = hone::in(title(graph_, node), step(node));
    }
    --depth_;
    if (!status.ok()) return status;
    std::vector<Tensor> outputs;
    for (ValueId v : block.outputs) outputs.push_back(get(v));
    return outputs;
  }

  Result<std::vector<Tensor>> run_node(const Node& node, std::span<const Tensor> inputs) {
    const OpDef* def = find_op(node);
    if (def == nullptr || def->reference == nullptr) {
      return unsupported(fmt::format("no reference of {} version {}", node.op, node.version));
    }
    RefContext ctx(graph_, node, inputs);
    ctx.run_block = [this](BlockId block, std::vector<Tensor> in) {
      return run(block, std::move(in));
    };
    HONE_RETURN_IF_ERROR(guarded(def, ctx));
    std::vector<Tensor> outputs = ctx.take_outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (node.output(i) != graph::none && !outputs[i]) {
        return unsupported(fmt::format("output {} is not computed by the reference", i));
      }
    }
    return outputs;
  }

  // On the values that are known.
  Result<std::vector<Tensor>> run_node(const Node& node) {
    std::vector<Tensor> inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (node.inputs[i] == graph::none) continue;
      inputs[i] = get(node.inputs[i]);
      if (!inputs[i]) {
        return invalid(fmt::format("'{}' is not known here", graph_.value(node.inputs[i]).name));
      }
    }
    return run_node(node, inputs);
  }

 private:
  static Status guarded(const OpDef* def, RefContext& ctx) {
    for (size_t i = 0; i < static_cast<size_t>(def->min_inputs); ++i) {
      if (i >= ctx.inputs() || !ctx.in(i)) return invalid(fmt::format("input {} is missing", i));
    }
    for (size_t i = 0; i < ctx.inputs() && !def->sequences; ++i) {
      if (ctx.in(i).is_plain()) continue;
      return invalid(fmt::format("input {} is {}", i, kind_of(ctx.in(i))));
    }
    try {
      return def->reference(ctx);
    } catch (const NotANumber& operand) {
      return bad_dtype(ctx.node(), operand.dtype);
    } catch (const std::bad_alloc&) {
    } catch (const std::length_error&) {
    }
    return error(Code::out_of_memory, "not enough memory for the reference");
  }

  Tensor& at(ValueId v) { return values_[static_cast<size_t>(v)]; }
  const Tensor& get(ValueId v) {
    const Tensor* constant = graph_.constant(v);
    if (constant != nullptr) return *constant;
    const bool computed = static_cast<bool>(at(v));
    return computed || static_cast<size_t>(v) >= known_.size() ? at(v)
                                                               : known_[static_cast<size_t>(v)];
  }

  Status step(const Node& node) {
    HONE_ASSIGN(std::vector<Tensor> outputs, run_node(node));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ValueId v = node.output(i);
      if (v == graph::none) continue;
      if (tap_ && outputs[i].is_plain()) tap_(v, outputs[i]);
      at(v) = std::move(outputs[i]);
    }
    return {};
  }

  const Graph& graph_;
  const Tap& tap_;
  const std::span<const Tensor> known_;  // by id, from outside of this run
  std::vector<Tensor> values_;
  int depth_ = 0;
};

Status check_input(const Graph& graph, ValueId v, const Tensor& t) {
  const graph::Value& value = graph.value(v);
  const Fact& fact = value.fact;
  // A fact does not tell an optional sequence from a sequence.
  const bool sequence = fact.kind == Fact::Kind::sequence;
  const bool optional = fact.kind == Fact::Kind::optional;
  const bool map = fact.kind == Fact::Kind::map;
  const bool other = t.is_map() != map || (sequence ? t.is_plain() : t.is_sequence());
  if (other || (t.is_empty_optional() && !optional && !sequence)) {
    return error(Code::shape_mismatch, fmt::format("input '{}': {} expected, {} given", value.name,
                                                   sequence ? "a sequence"
                                                   : map    ? "a map"
                                                            : "a tensor",
                                                   kind_of(t)));
  }
  if (map && t.keys().dtype() != fact.key) {
    return error(Code::shape_mismatch,
                 fmt::format("input '{}': keys of {} expected, {} given", value.name,
                             name(fact.key), name(t.keys().dtype())));
  }
  if (fact.dtype != DType::none && t.dtype() != fact.dtype) {
    return error(Code::shape_mismatch, fmt::format("input '{}': type {} expected, {} given",
                                                   value.name, name(fact.dtype), name(t.dtype())));
  }
  if (!t.is_plain() || !fact.has_rank()) return {};
  if (t.rank() != fact.rank()) {
    return error(Code::shape_mismatch, fmt::format("input '{}': rank {} expected, {} given",
                                                   value.name, fact.rank(), t.rank()));
  }
  for (size_t i = 0; i < t.dims().size(); ++i) {
    const std::optional<int64_t> size = (*fact.shape)[i].const_value();
    if (!size || *size == t.dims()[i]) continue;
    return error(Code::shape_mismatch,
                 fmt::format("input '{}': dimension {} is {} in the model, {} given", value.name, i,
                             *size, t.dims()[i]));
  }
  return {};
}

// For callers that take tensors only.
Result<std::vector<Tensor>> only_tensors(Result<std::vector<Tensor>> outputs) {
  if (!outputs.ok()) return outputs;
  for (const Tensor& t : *outputs) {
    if (!t.is_plain()) return unsupported(fmt::format("an output is {}", kind_of(t)));
  }
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> evaluate_values(const Graph& graph, const std::vector<Tensor>& inputs,
                                            const Tap& tap) {
  const std::vector<ValueId>& expected = graph.block().inputs;
  if (inputs.size() != expected.size()) {
    return invalid(fmt::format("{} inputs expected, {} given", expected.size(), inputs.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    HONE_RETURN_IF_ERROR(check_input(graph, expected[i], inputs[i]));
  }
  return Executor(graph, tap).run(0, inputs);
}

Result<std::vector<Tensor>> evaluate(const Graph& graph, const std::vector<Tensor>& inputs,
                                     const Tap& tap) {
  return only_tensors(evaluate_values(graph, inputs, tap));
}

Result<std::vector<Tensor>> evaluate_node_in(const Graph& graph, const Node& node,
                                             std::span<const Tensor> known) {
  const Tap no_tap;
  auto outputs = Executor(graph, no_tap, known).run_node(node);
  return outputs.ok() ? outputs : hone::in(title(graph, node), outputs.status());
}

Result<std::vector<Tensor>> evaluate_node(const Graph& graph, const Node& node,
                                          std::span<const Tensor> inputs) {
  const Tap no_tap;
  return only_tensors(Executor(graph, no_tap).run_node(node, inputs));
}

}  // namespace hone::ops
