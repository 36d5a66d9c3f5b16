// Numbers too small for a full mantissa: a CPU that computes them takes a hundred times as long.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "host/inspect/finding.h"

namespace hone::inspect {

namespace {

int64_t denormals(const Tensor& t) {
  int64_t n = 0;
  for (const float v : t.as<float>()) {
    n += v != 0 && std::abs(v) < std::numeric_limits<float>::min() ? 1 : 0;
  }
  return n;
}

}  // namespace

std::vector<Finding> find_denormal_weights(const Subject& s) {
  std::vector<std::string> names;
  int64_t elements = 0;
  for (graph::ValueId v : s.graph.used_constants()) {
    const Tensor& t = s.graph.value(v).constant;
    const int64_t n = t.dtype() == DType::f32 ? denormals(t) : 0;
    if (n == 0) continue;
    elements += n;
    names.push_back(s.graph.value(v).name);
  }
  if (names.empty()) return {};
  Finding f;
  f.text = fmt::format("{} denormal weight{} (below 1.2e-38) in {}", elements,
                       elements == 1 ? "" : "s", list_of(names, &f.nodes));
  f.fix =
      "round them to 0 in the framework: they add nothing, and runtimes that do not flush them "
      "take up to a hundred times as long on them";
  return {f};
}

}  // namespace hone::inspect
