// expand_functions: operators without kernels of their own, defined by others that have them.

#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const ExpandFn expand = find_expansion(g.node(id));
  if (expand == nullptr) return std::nullopt;
  Expansion e(g, id);
  if (!expand(e).ok()) return std::nullopt;  // make_plan asks again, for the reason
  return e.take();
}

}  // namespace

extern const Pass expand_functions;
const Pass expand_functions{"expand_functions",
                            "make operators that have no kernels of those that have",
                            Stage::engine,
                            true,
                            propose,
                            nullptr,
                            true};

}  // namespace hone::passes
