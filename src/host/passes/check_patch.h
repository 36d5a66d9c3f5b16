// --verify: what the reference makes of the graph before the first patch, compared with what it
// makes of it after each one. Values are kept, so that a patch costs what it changed, not the
// model: its nodes and, where their values differ, those that read them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/graph/patch.h"

namespace hone::passes {

class CheckPatch {
 public:
  // Evaluates the graph as it is on seeded noise; symbolic dimensions get small sizes.
  Status start(const graph::Graph& graph);
  // After `patch`. A value that it moves by no more than rounding does counts as the one before,
  // and its readers are left alone; of others the change is followed to the outputs.
  // Errors: differs, naming the output and the largest difference relative to its largest value.
  Status check(const graph::Graph& graph, const graph::Patch& patch);
  // Evaluates the whole graph where check() left readers alone since the last time: roundings that
  // are nothing each may add up. Errors: as check().
  Status settle(const graph::Graph& graph);

 private:
  // A node as it was evaluated.
  struct Seen {
    bool evaluated = false;
    std::vector<graph::ValueId> inputs;
  };

  std::set<graph::NodeId> changed_nodes(const graph::Graph& graph, const graph::Patch& patch) const;
  Status evaluate(const graph::Graph& graph, const graph::Node& node, const graph::Patch& patch,
                  std::set<graph::ValueId>* changed);
  Status evaluate_noise(const graph::Graph& graph, int64_t size);
  Status evaluate_all(const graph::Graph& graph);
  Status compare_outputs(const graph::Graph& graph) const;
  void remember(const graph::Graph& graph);
  const Tensor& value(const graph::Graph& graph, graph::ValueId v) const;

  std::vector<Tensor> outputs_;  // before the first patch
  std::vector<Tensor> values_;   // of the root block now, by id; empty: not there
  std::vector<Seen> nodes_;      // by id, those of inner blocks too
  std::vector<std::vector<graph::ValueId>> block_outputs_;  // by id
  bool left_alone_ = false;
};

}  // namespace hone::passes
