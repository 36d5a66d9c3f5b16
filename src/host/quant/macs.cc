#include "host/quant/macs.h"

#include <algorithm>
#include <array>

#include "host/ops/op_def.h"

namespace hone::quant {

namespace {

constexpr std::array multiplies = {"Conv", "ConvTranspose", "Gemm", "MatMul",
                                   "LSTM", "GRU",           "RNN",  "Attention"};

}  // namespace

Result<std::map<std::string, double>> macs_by_node(const graph::Graph& g,
                                                   const std::vector<Tensor>& inputs) {
  graph::Graph sized = g;
  std::map<std::string, Dims> shapes;
  const auto& ids = g.block().inputs;
  for (size_t i = 0; i < std::min(ids.size(), inputs.size()); ++i) {
    shapes[g.value(ids[i]).name] = inputs[i].dims();
  }
  HONE_RETURN_IF_ERROR(ops::bind_input_shapes(sized, shapes));
  std::map<std::string, double> macs;
  for (const graph::NodeId id : sized.all_nodes()) {
    const graph::Node& n = sized.node(id);
    if (!n.domain.empty() ||
        std::find(multiplies.begin(), multiplies.end(), n.op) == multiplies.end())
      continue;
    macs[n.name] += ops::cost(sized, n).flops / 2;
  }
  return macs;
}

}  // namespace hone::quant
