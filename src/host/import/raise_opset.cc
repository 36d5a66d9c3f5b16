#include "host/import/raise_opset.h"

#include <fmt/format.h>

#include <cassert>

#include "host/graph/title.h"
#include "host/import/raise_opset_rules.h"
#include "host/ops/op_def.h"

namespace hone {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Patch;

bool means_the_same(const Node& n, int64_t opset) {
  const raise_detail::Rule* rule = raise_detail::find_rule(n.op);
  if (rule != nullptr && rule->gone != 0) return false;
  const ops::OpDef* now = ops::find_op(n);
  return now != nullptr && now == ops::find_op(n.domain, n.op, opset);
}

Status raise_node(Graph& g, NodeId id, int64_t opset) {
  const Node& n = g.node(id);
  const raise_detail::Rule* rule = raise_detail::find_rule(n.op);
  const auto refuse = [&](const std::string& why) {
    return unsupported(fmt::format("{} is of opset {} and cannot be raised to {}: {}", title(g, n),
                                   n.version, opset, why));
  };
  if (rule == nullptr) return refuse("the operator changed and Hone has no rule for it");
  Patch patch(g, id);
  Node made = n;
  made.version = opset;
  raise_detail::Raise raise{g, n, opset, patch, made};
  if (const Status s = rule->rewrite(raise); !s.ok()) return refuse(s.text());
  if (!raise.done) {
    const std::vector<graph::ValueId> outputs =
        patch.add_multi(std::move(made), n.outputs.size(), {id});
    for (size_t i = 0; i < n.outputs.size(); ++i) {
      if (n.outputs[i] != graph::none) patch.replace(n.outputs[i], outputs[i]);
    }
  }
  patch.remove(id);
  patch.set_why("raising " + title(g, n));
  return patch.apply(g, ops::infer_node);
}

}  // namespace

Status raise_opset(Graph& g, int64_t opset) {
  assert(opset >= 13 && opset <= ops::max_opset);
  if (g.opset() >= opset) return {};
  // Nodes that are added on the way are of the new opset.
  g.opsets[""] = opset;
  for (const NodeId id : g.all_nodes()) {
    const Node& n = g.node(id);
    if (!n.domain.empty() || means_the_same(n, opset)) continue;
    HONE_RETURN_IF_ERROR(raise_node(g, id, opset));
  }
  return {};
}

}  // namespace hone
