// A batch of the example's size where one sample at a time is what a device sees.
#include <fmt/format.h>

#include "host/inspect/finding.h"

namespace hone::inspect {

std::vector<Finding> find_baked_batch(const Subject& s) {
  const graph::Graph& g = s.graph;
  std::vector<std::string> names;
  int64_t batch = 0;
  for (graph::ValueId v : g.block().inputs) {
    const graph::Fact& f = g.fact(v);
    if (!f.has_rank() || f.rank() < 2) continue;
    const auto size = f.shape->front().const_value();
    if (!size || *size < 2 || (batch != 0 && *size != batch)) return {};
    batch = *size;
    names.push_back(g.value(v).name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("the first size of every input is fixed at {}: {}", batch,
                       list_of(names, &f.nodes));
  f.fix =
      "if that is the batch of the example, export with a dynamic first axis; each run computes "
      "that many samples, however many there are";
  return {f};
}

}  // namespace hone::inspect
