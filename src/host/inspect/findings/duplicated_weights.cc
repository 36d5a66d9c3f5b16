// The same bytes under several names.
#include <fmt/format.h>

#include <map>

#include "common/base/hash.h"
#include "host/inspect/finding.h"

namespace hone::inspect {

std::vector<Finding> find_duplicated_weights(const Subject& s) {
  constexpr int64_t worth_it = 1024;  // bytes of one
  const graph::Graph& g = s.graph;
  std::map<std::pair<uint64_t, int64_t>, std::vector<graph::ValueId>> seen;
  std::vector<std::string> names;
  double bytes = 0;
  for (graph::ValueId v : g.used_constants()) {
    const Tensor& t = g.value(v).constant;
    if (t.dtype() == DType::string || t.bytes() < worth_it) continue;
    auto& same = seen[{hash64(t.raw_bytes()), t.bytes()}];
    for (const graph::ValueId other : same) {
      if (!identical(g.value(other).constant, t)) continue;
      names.push_back(g.value(v).name);
      bytes += static_cast<double>(t.bytes());
      break;
    }
    same.push_back(v);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} weight{} repeat{} another, {:.2f} MB: {}", names.size(),
                       names.size() == 1 ? "" : "s", names.size() == 1 ? "s" : "", bytes / 1e6,
                       list_of(names, &f.nodes));
  f.fix = "hone optimize keeps one of each";
  return {f};
}

}  // namespace hone::inspect
