#include "host/quant/activation_tails.h"

#include <algorithm>
#include <cmath>

namespace hone::quant {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

double silu(double x) { return x / (1 + std::exp(-x)); }
double hard_swish(double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double gelu(double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }
double mish(double x) { return x * std::tanh(std::log1p(std::exp(x))); }

using Function = double (*)(double);

Function function_of(const Node& n) {
  if (n.is("HardSwish")) return hard_swish;
  if (n.is("Gelu")) return gelu;
  if (n.is("Mish")) return mish;
  if (n.is("Swish") && n.attributes.f("alpha", 1) == 1) return silu;
  return nullptr;
}

// Whether `n` is the sigmoid of x = its operand and all that reads it multiplies it by x.
bool is_gate(const Graph& g, const Node& n) {
  if (!n.is("Sigmoid") || g.is_block_output(n.output(0))) return false;
  const std::vector<NodeId> users = g.users(n.output(0));
  return std::all_of(users.begin(), users.end(), [&](NodeId u) {
    const Node& m = g.node(u);
    const ValueId x = n.input(0), s = n.output(0);
    return m.is("Mul") &&
           ((m.input(0) == x && m.input(1) == s) || (m.input(0) == s && m.input(1) == x));
  });
}

// What all readers make of the value; nullptr where they differ.
Function reader(const Graph& g, ValueId v) {
  if (g.is_block_output(v)) return nullptr;
  Function common = nullptr;
  for (const NodeId u : g.users(v)) {
    const Node& n = g.node(u);
    Function f = function_of(n);
    if (is_gate(g, n)) f = silu;
    if (n.is("Mul")) {  // the other half of a gate
      const ValueId other = n.input(0) == v ? n.input(1) : n.input(0);
      const NodeId made = g.value(other).producer;
      if (made != graph::none && g.node(made).input(0) == v && is_gate(g, g.node(made))) f = silu;
    }
    if (f == nullptr || (common != nullptr && common != f)) return nullptr;
    common = f;
  }
  return common;
}

}  // namespace

Range without_tail(const Graph& g, ValueId v, const Range& range, const GridSpec& grid) {
  if (grid.symmetric) return range;
  const Function f = reader(g, v);
  if (f == nullptr) return range;
  const double levels = grid.highest() - grid.lowest(), high = std::max(0.f, range.high);
  // Below -1.5 each of them rises towards zero, so what is cut differs most at the ends.
  for (double low = -1.5; low > range.low; low -= 1. / 16) {
    const double most = std::max(std::fabs(f(low)), std::fabs(f(low) - f(range.low)));
    if (most <= (high - low) / levels / 2) return {static_cast<float>(low), range.high};
  }
  return range;
}

}  // namespace hone::quant
