// Initializers that nothing reads.
#include <fmt/format.h>

#include <set>

#include "host/inspect/finding.h"
#include "host/model/names.h"

namespace hone::inspect {

std::vector<Finding> find_unused_weights(const Subject& s) {
  std::set<std::string> read;
  for (const auto& node : s.model.graph.nodes) model::names_read(node, &read);
  for (const auto& o : s.model.graph.outputs) read.insert(o.name);
  std::vector<std::string> names;
  double bytes = 0;
  for (const auto& i : s.model.graph.initializers) {
    if (read.contains(i.name)) continue;
    names.push_back(i.name);
    bytes += static_cast<double>(i.tensor.bytes());
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} initializer{} that nothing reads, {:.2f} MB: {}", names.size(),
                       names.size() == 1 ? "" : "s", bytes / 1e6, list_of(names, &f.nodes));
  f.fix = "hone optimize leaves them out";
  return {f};
}

}  // namespace hone::inspect
