#include "host/inspect/numbers.h"

#include <algorithm>
#include <set>

#include "host/ops/op_def.h"

namespace hone::inspect {

namespace {

using graph::ValueId;

bool is_product(const graph::Node& n) {
  static const std::set<std::string, std::less<>> ops = {"MatMul",
                                                         "Gemm",
                                                         "Einsum",
                                                         "LSTM",
                                                         "GRU",
                                                         "RNN",
                                                         "Attention",
                                                         "MatMulInteger",
                                                         "QLinearMatMul",
                                                         "MatMulNBits",
                                                         "FusedMatMul",
                                                         "FusedGemm",
                                                         "MultiHeadAttention"};
  return ops.contains(n.op) || n.op.find("Conv") != std::string::npos;
}

// Symbols of the inputs by the size that stands in for them.
graph::SymbolValues stand_ins(const graph::Graph& g, std::vector<std::string>* names) {
  graph::SymbolValues sizes;
  for (ValueId v : g.block().inputs) {
    if (!g.fact(v).has_rank()) continue;
    for (size_t axis = 0; axis < g.fact(v).shape->size(); ++axis) {
      const graph::Dim& d = (*g.fact(v).shape)[axis];
      if (!d.is_symbol()) continue;
      if (sizes.try_emplace(d.symbol_name(), axis == 0 ? 1 : 64).second) {
        names->push_back(d.symbol_name());
      }
    }
  }
  return sizes;
}

// Bytes of a value; -1: not known.
double bytes_of(const graph::Fact& f) {
  if (!f.has_rank() || f.dtype == DType::none) return -1;
  double n = 1;
  for (const graph::Dim& d : *f.shape) {
    const auto size = d.const_value();
    if (!size) return -1;
    n *= static_cast<double>(*size);
  }
  return n * bits(f.dtype) / 8;
}

// In the order of the file, each value alive from the node that makes it to the last that reads it.
void add_peak(const graph::Graph& g, Numbers* out) {
  const std::vector<graph::NodeId>& order = g.block().nodes;
  std::map<ValueId, size_t> last;  // place of the last reader
  for (size_t i = 0; i < order.size(); ++i) {
    for (ValueId v : g.node(order[i]).outputs) {
      if (v != graph::none) last.emplace(v, i);
    }
    for (ValueId v : g.node(order[i]).inputs) {
      if (v != graph::none && !g.value(v).is_constant()) last[v] = i;
    }
  }
  for (ValueId v : g.block().outputs) last[v] = order.size();
  std::map<size_t, double> freed;
  double alive = 0;
  const auto begin = [&](ValueId v) {
    const double bytes = bytes_of(g.fact(v));
    if (bytes < 0) {
      out->peak_is_least = true;
      return;
    }
    alive += bytes;
    if (const auto at = last.find(v); at != last.end()) freed[at->second] += bytes;
  };
  for (ValueId v : g.block().inputs) begin(v);
  for (size_t i = 0; i < order.size(); ++i) {
    for (ValueId v : g.node(order[i]).outputs) {
      if (v != graph::none) begin(v);
    }
    out->activation_peak_bytes = std::max(out->activation_peak_bytes, alive);
    if (const auto at = freed.find(i); at != freed.end()) alive -= at->second;
  }
}

}  // namespace

bool is_learned(const Tensor& t) {
  return is_float(t.dtype()) || (is_integer(t.dtype()) && bits(t.dtype()) <= 8);
}

Numbers numbers_of(const graph::Graph& graph) {
  Numbers out;
  for (ValueId v = 0; v < graph.value_count(); ++v) {
    const graph::Value& value = graph.value(v);
    if (!graph.is_live(v)) continue;
    if (const Tensor& t = value.constant; t) {
      if (is_learned(t)) out.parameters += static_cast<double>(t.count());
      out.weight_bytes += static_cast<double>(t.bytes());
      ++out.constants_by_type[name(t.dtype())];
    } else if (value.fact.dtype != DType::none) {
      ++out.values_by_type[name(value.fact.dtype)];
    }
  }
  graph::Graph sized = graph;
  sized.substitute(stand_ins(graph, &out.dynamic));
  for (graph::NodeId id : sized.all_nodes()) {
    const graph::Node& n = sized.node(id);
    const double flops = ops::cost(sized, n).flops;
    out.flops += flops;
    if (is_product(n)) out.macs += flops / 2;
  }
  add_peak(sized, &out);
  return out;
}

std::vector<double> flops_by_node(const graph::Graph& graph) {
  std::vector<std::string> symbols;
  graph::Graph sized = graph;
  sized.substitute(stand_ins(graph, &symbols));
  std::vector<double> flops(static_cast<size_t>(graph.node_count()), 0);
  for (graph::NodeId id : sized.all_nodes()) {
    flops[static_cast<size_t>(id)] = ops::cost(sized, sized.node(id)).flops;
  }
  return flops;
}

}  // namespace hone::inspect
