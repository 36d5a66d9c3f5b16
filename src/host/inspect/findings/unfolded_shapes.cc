// Shape arithmetic whose results are known before anything runs.
#include <fmt/format.h>

#include <algorithm>

#include "host/inspect/finding.h"

namespace hone::inspect {

namespace {

bool is_known(const graph::Fact& f) {
  return f.content.has_value() && std::all_of(f.content->begin(), f.content->end(),
                                              [](const graph::Dim& d) { return d.is_const(); });
}

}  // namespace

std::vector<Finding> find_unfolded_shapes(const Subject& s) {
  const graph::Graph& g = s.graph;
  std::vector<std::string> names;
  for (graph::NodeId id : g.block().nodes) {
    const graph::Node& n = g.node(id);
    const bool all = !n.outputs.empty() &&
                     std::all_of(n.outputs.begin(), n.outputs.end(), [&](graph::ValueId v) {
                       return v != graph::none && is_known(g.fact(v));
                     });
    if (all) names.push_back(n.name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} node{} compute{} shapes that are known beforehand: {}", names.size(),
                       names.size() == 1 ? "" : "s", names.size() == 1 ? "s" : "",
                       list_of(names, &f.nodes));
  f.fix = "hone optimize folds them; other runtimes may compute them in every run";
  return {f};
}

}  // namespace hone::inspect
