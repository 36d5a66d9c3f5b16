#include "host/quant/layer_rewriter.h"

#include <algorithm>
#include <cmath>

#include "host/ops/op_def.h"
#include "host/quant/rules.h"

namespace hone::quant {

using graph::Graph;
using graph::Node;
using graph::ValueId;

LayerRewriter::LayerRewriter(const Graph& graph, const Options& options)
    : g_(graph),
      options_(options),
      patch_(graph, graph.block().nodes.empty() ? graph::none : graph.block().nodes.front()) {}

std::string LayerRewriter::why_left(const Node& n, const Tensor& weights) const {
  if (!is_selected(options_.scheme, n)) return "left out by --include or --exclude";
  if (options_.scheme.leave_float.contains(n.name)) return "left float for accuracy";
  const auto values = weights.as<float>();
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  return finite ? "" : "its weights are not all finite";
}

void LayerRewriter::add_row(const Node& n, const char* precision, std::string cause) {
  made_.layers.push_back({n.name, n.op, precision, std::move(cause)});
}

void LayerRewriter::replace(ValueId old, ValueId with) {
  now_[old] = with;
  patch_.replace(old, with);
}

ValueId LayerRewriter::now(ValueId v) const {
  const auto it = now_.find(v);
  return it == now_.end() ? v : it->second;
}

Result<Reduced> LayerRewriter::finish(const char* why) {
  made_.graph = g_;
  patch_.set_why(why);
  HONE_RETURN_IF_ERROR(patch_.apply(made_.graph, ops::infer_node));
  return std::move(made_);
}

}  // namespace hone::quant
