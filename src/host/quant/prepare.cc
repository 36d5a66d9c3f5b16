// The graph that is quantised: of a new enough opset, its weights floats, normalisations folded.
#include <fmt/format.h>

#include <algorithm>

#include "host/graph/title.h"
#include "host/import/raise_opset.h"
#include "host/passes/pass.h"
#include "host/quant/insert.h"
#include "host/quant/quantize.h"

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;

// A node that computes on integers: the model is quantised already. What only converts an input or
// an output is not.
const Node* integer_node(const Graph& g) {
  constexpr std::string_view operators[] = {
      "QLinearConv", "QLinearMatMul", "ConvInteger",           "MatMulInteger",       "QGemm",
      "QLinearAdd",  "MatMulNBits",   "DynamicQuantizeMatMul", "MatMulIntegerToFloat"};
  constexpr std::string_view dense[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
  for (const graph::NodeId id : g.all_nodes()) {
    const Node& n = g.node(id);
    if (std::find(std::begin(operators), std::end(operators), n.op) != std::end(operators)) {
      return &n;
    }
    if (std::find(std::begin(dense), std::end(dense), n.op) == std::end(dense)) continue;
    const Node* before = g.producer_of(n.input(0));
    const bool rounded = before != nullptr && before->is("DequantizeLinear") &&
                         g.constant(before->input(0)) == nullptr;
    if (rounded) return &n;
  }
  return nullptr;
}

const passes::Pass* find_pass(std::string_view called) {
  for (const passes::Pass* p : passes::pipeline()) {
    if (called == p->name) return p;
  }
  return nullptr;
}

}  // namespace

Status prepare(Graph& graph, const Options& options) {
  if (const Node* n = integer_node(graph)) {
    return unsupported(
        fmt::format("{} computes on integers: the model is quantised already; give "
                    "the float model it was made from",
                    title(graph, *n)));
  }
  const int64_t opset = needs_samples(options.format) ? 13 : std::max<int64_t>(13, graph.opset());
  HONE_RETURN_IF_ERROR(raise_opset(graph, opset));
  passes::Options engine;
  engine.engine = true;
  auto weights = passes::run_passes(graph, engine, {find_pass("fold_dequantized")});
  if (!weights.ok()) return weights.status();
  return passes::run_passes(graph, {}).status();
}

}  // namespace hone::quant
