// What the formats without ranges share: layers with weights become others in one patch, and each
// gets a row of the report.
#pragma once

#include <map>

#include "host/graph/patch.h"
#include "host/quant/formats.h"

namespace hone::quant {

class LayerRewriter {
 protected:
  // `graph` and `options` outlive this.
  LayerRewriter(const graph::Graph& graph, const Options& options);

  // Why the weights of the node stay as they are; "": nothing speaks against.
  std::string why_left(const graph::Node& n, const Tensor& weights) const;
  void add_row(const graph::Node& n, const char* precision, std::string cause = "");
  // Readers of `old` read `with`, those too that are rewritten later: they take now(old).
  void replace(graph::ValueId old, graph::ValueId with);
  graph::ValueId now(graph::ValueId v) const;
  // The graph after the patch, and the rows. Errors: of the patch.
  Result<Reduced> finish(const char* why);

  const graph::Graph& g_;
  const Options& options_;
  graph::Patch patch_;

 private:
  std::map<graph::ValueId, graph::ValueId> now_;
  Reduced made_;
};

}  // namespace hone::quant
