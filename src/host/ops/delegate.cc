#include "host/ops/delegate.h"

#include "host/ops/infer_util.h"

namespace hone::ops {
namespace {

Node node_of(const Inner& inner) {
  Node node;
  node.op = inner.op;
  node.version = inner.version;
  node.attributes = inner.attributes;
  return node;
}

}  // namespace

Status infer_inner(InferContext& ctx, const Inner& inner, const std::vector<Fact>& inputs,
                   DType out) {
  Graph graph;
  Node node = node_of(inner);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool absent = inputs[i].dtype == DType::none && !inputs[i].has_rank();
    node.inputs.push_back(absent ? graph::none
                                 : graph.add_input("x" + std::to_string(i), inputs[i]));
  }
  // Sizes that only the data tell are named after the output: the outer node's.
  const std::string y = ctx.has_output(0) ? ctx.graph().value(ctx.node().outputs[0]).name : "y";
  const NodeId id = graph.add_node(node, {graph.fresh_name(y)});
  InferContext context(graph, id);
  HONE_RETURN_IF_ERROR(find_op(graph.node(id))->infer(context));
  ctx.set(0, shaped_like(graph.fact(graph.node(id).outputs[0]), out));
  return {};
}

Result<std::vector<Tensor>> run_inner_all(const RefContext& ctx, const Inner& inner,
                                          const std::vector<Tensor>& inputs, size_t outputs) {
  Node node = node_of(inner);
  node.outputs.assign(outputs, 0);
  for (const Tensor& t : inputs) node.inputs.push_back(t ? 0 : graph::none);
  RefContext context(ctx.graph(), node, inputs);
  HONE_RETURN_IF_ERROR(find_op(node)->reference(context));
  return context.take_outputs();
}

Result<Tensor> run_inner(const RefContext& ctx, const Inner& inner,
                         const std::vector<Tensor>& inputs) {
  HONE_ASSIGN(std::vector<Tensor> outputs, run_inner_all(ctx, inner, inputs, 1));
  return std::move(outputs.front());
}

graph::Attributes without(const graph::Attributes& attributes,
                          std::initializer_list<const char*> names) {
  graph::Attributes kept = attributes;
  for (const char* name : names) kept.erase(name);
  return kept;
}

Fact with_type(const Fact& fact, DType dtype) { return shaped_like(fact, dtype); }

}  // namespace hone::ops
