// Arithmetic on 64-bit integers that depends on the data: PyTorch's default for indices, which
// accelerators lack and CPUs do at half the rate.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/inspect/finding.h"

namespace hone::inspect {

namespace {

constexpr size_t few = 3;  // nodes that are no chain yet

bool computes(const graph::Node& n) {
  static const std::set<std::string, std::less<>> ops = {
      "Add", "Sub",   "Mul",   "Div",    "Mod",       "Neg",        "Abs",    "Min",   "Max", "Sum",
      "Pow", "Where", "Range", "CumSum", "ReduceSum", "ReduceProd", "MatMul", "Floor", "Clip"};
  return n.domain.empty() && ops.contains(n.op);
}

}  // namespace

std::vector<Finding> find_int64_indices(const Subject& s) {
  const graph::Graph& g = s.graph;
  std::vector<std::string> names;
  for (graph::NodeId id : g.block().nodes) {
    const graph::Node& n = g.node(id);
    if (!computes(n) || n.output(0) == graph::none) continue;
    const graph::Fact& y = g.fact(n.outputs[0]);
    // Shapes on their way to a Reshape have content: they are no data.
    if (y.dtype == DType::i64 && !y.content) names.push_back(n.name);
  }
  if (names.size() < few) return {};
  Finding f;
  f.text = fmt::format("{} nodes compute on 64-bit integers: {}", names.size(),
                       list_of(names, &f.nodes));
  f.fix = "use torch.int32 (or tf.int32) for indices and ids where the values fit";
  return {f};
}

}  // namespace hone::inspect
