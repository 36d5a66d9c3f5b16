#include "ship/parity/tolerance.h"

#include <algorithm>
#include <cmath>

namespace hone::ship {

namespace {

constexpr double sums = 1e-3;

double of_roundings(double u, int64_t products) {
  return sums + 3 * u * std::sqrt(3.0 * static_cast<double>(products));
}

bool is_product(const graph::Node& n) {
  return n.op.ends_with("Conv") || n.op.ends_with("Gemm") || n.op == "MatMul";
}

}  // namespace

double usual_tolerance(std::string_view precision, int64_t products) {
  return of_roundings(precision == "bf16" ? 0x1p-8 : precision == "f16" ? 0x1p-11 : 0, products);
}

double quantised_tolerance(int bits, int64_t products) {
  return of_roundings(std::ldexp(1.0, -bits), products);
}

int64_t products_of(const graph::Graph& g) {
  int64_t n = 0;
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& node = g.node(id);
    n += is_product(node) && g.constant(node.input(1)) != nullptr ? 1 : 0;
  }
  return n;
}

std::string precision_of(const graph::Graph& g) {
  std::string found = "f32";
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    if (!is_product(n) || n.input(0) == graph::none) continue;
    const DType type = g.fact(n.input(0)).dtype;
    if (type == DType::bf16) return "bf16";
    if (type == DType::f16) found = "f16";
  }
  return found;
}

bool Quantised::resembles(const Quantised& other) const {
  return bits == other.bits && std::max(nodes, other.nodes) <= 2 * std::min(nodes, other.nodes);
}

Quantised quantised(const graph::Graph& g) {
  Quantised q;
  const auto take = [&](int b) {
    q.bits = q.nodes == 0 ? b : std::min(q.bits, b);
    ++q.nodes;
  };
  const auto width = [&](graph::ValueId v) {
    return v == graph::none ? 0 : static_cast<int>(bits(g.fact(v).dtype));
  };
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    if (n.is("QuantizeLinear") || n.is("DynamicQuantizeLinear")) take(width(n.output(0)));
    if (n.op.starts_with("QLinear") || n.op.ends_with("Integer")) take(width(n.input(0)));
    // Biases are of 32 bits: no rounding that counts.
    if (n.is("DequantizeLinear") && width(n.input(0)) <= 16) take(width(n.input(0)));
    if (n.op == "MatMulNBits") take(static_cast<int>(n.attributes.i("bits", 4)));
  }
  return q;
}

}  // namespace hone::ship
