#include "ship/parity/tolerance.h"

#include <cmath>

namespace hone::ship {

double usual_tolerance(std::string_view precision, int64_t products) {
  constexpr double sums = 1e-3;
  const double u = precision == "bf16" ? 0x1p-8 : precision == "f16" ? 0x1p-11 : 0;
  return sums + 3 * u * std::sqrt(3.0 * static_cast<double>(products));
}

int64_t products_of(const graph::Graph& g) {
  int64_t n = 0;
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& node = g.node(id);
    const bool product =
        node.op.ends_with("Conv") || node.op.ends_with("Gemm") || node.op == "MatMul";
    n += product && g.constant(node.input(1)) != nullptr ? 1 : 0;
  }
  return n;
}

}  // namespace hone::ship
