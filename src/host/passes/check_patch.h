// --verify: the reference's outputs before the first patch, compared with those after each one.
#pragma once

#include <vector>

#include "host/graph/graph.h"

namespace hone::passes {

class CheckPatch {
 public:
  // Evaluates the graph as it is on seeded noise; symbolic dimensions get small sizes.
  Status start(const graph::Graph& graph);
  // Errors: differs, naming the output and the largest difference relative to its largest value.
  Status check(const graph::Graph& graph) const;

 private:
  std::vector<Tensor> inputs_, outputs_;
};

}  // namespace hone::passes
