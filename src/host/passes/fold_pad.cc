// fold_pad: padding in front of a convolution or pool becomes its own, where the border it adds is
// what the operator assumes there: zeros for Conv and AveragePool, minus infinity for MaxPool.
// Zeros for a MaxPool of what is never negative, too: every window holds an element of its own.

#include <cmath>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

struct Border {
  double value = 0;
  std::vector<int64_t> pads;  // begins of the spatial axes, then ends: the window operators' order
};

// All pads by axis, begins then ends; nullopt where they are not known.
std::optional<std::vector<int64_t>> all_pads(const Graph& g, const Node& n, size_t rank) {
  if (n.version < 11) {
    auto pads = n.attributes.ints("pads");
    return pads.size() == 2 * rank ? std::optional(pads) : std::nullopt;
  }
  const Tensor *list = g.constant(n.input(1)), *axes = g.constant(n.input(3));
  if (list == nullptr || (n.input(3) != graph::none && axes == nullptr)) return std::nullopt;
  std::vector<int64_t> given = to_ints(*list);
  if (axes == nullptr) return given.size() == 2 * rank ? std::optional(given) : std::nullopt;
  std::vector<int64_t> pads(2 * rank, 0), which = to_ints(*axes);
  if (given.size() != 2 * which.size()) return std::nullopt;
  for (size_t i = 0; i < which.size(); ++i) {
    int64_t axis = which[i] < 0 ? which[i] + static_cast<int64_t>(rank) : which[i];
    if (axis < 0 || axis >= static_cast<int64_t>(rank)) return std::nullopt;
    pads[static_cast<size_t>(axis)] = given[i];
    pads[static_cast<size_t>(axis) + rank] = given[i + which.size()];
  }
  return pads;
}

// The border a Pad adds around the spatial axes, and around no other.
std::optional<Border> border_of(const Graph& g, const Node& n) {
  if (!n.is("Pad") || n.attributes.s("mode", "constant") != "constant") return std::nullopt;
  if (!g.fact(n.input(0)).has_rank() || g.fact(n.input(0)).rank() < 3) return std::nullopt;
  auto rank = static_cast<size_t>(g.fact(n.input(0)).rank());
  auto pads = all_pads(g, n, rank);
  if (!pads) return std::nullopt;
  Border b;
  if (n.version < 11) {
    b.value = static_cast<double>(n.attributes.f("value", 0));
  } else if (n.input(2) != graph::none) {
    auto v = scalar(g, n.input(2));
    if (!v) return std::nullopt;
    b.value = *v;
  }
  for (size_t i = 0; i < pads->size(); ++i) {
    int64_t pad = (*pads)[i];
    if (pad < 0 || (i % rank < 2 && pad != 0)) return std::nullopt;
    if (i % rank >= 2) b.pads.push_back(pad);
  }
  return b;
}

// ONNX wants a pool's padding smaller than its window.
bool inside_window(const std::vector<int64_t>& pads, const std::vector<int64_t>& window) {
  for (size_t i = 0; i < pads.size(); ++i) {
    if (pads[i] >= window[i % window.size()]) return false;
  }
  return true;
}

// Sets `n`'s pads to its own and the border's; false where that would mean something else.
bool take(const Border& border, Node* n) {
  std::string automatic = n->attributes.s("auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID") return false;
  auto own = automatic == "NOTSET" ? n->attributes.ints("pads") : std::vector<int64_t>();
  if (own.empty()) own.assign(border.pads.size(), 0);
  if (own.size() != border.pads.size()) return false;
  auto sum = own;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += border.pads[i];
  auto window = n->attributes.ints("kernel_shape");
  if (n->is("AveragePool")) {
    // The Pad's zeros count in the mean, so the pool's own must too. Windows that a ceil_mode adds
    // at the end count otherwise.
    bool counts = n->attributes.i("count_include_pad", 0) != 0 || all_zero(own);
    if (!counts || n->attributes.i("ceil_mode", 0) != 0) return false;
    if (window.empty() || !inside_window(sum, window)) return false;
    n->attributes.set("count_include_pad", int64_t{1});
  } else if (n->is("MaxPool")) {
    if (window.empty() || !inside_window(sum, window) || n->output(1) != graph::none) return false;
  }
  n->attributes.erase("auto_pad");
  n->attributes.set("pads", std::move(sum));
  return true;
}

// No element of v is less than 0 (NaN is not).
bool is_never_negative(const Graph& g, ValueId v) {
  const Node* n = g.producer_of(v);
  if (n == nullptr) return false;
  auto act = activation_of(g, *n);
  if (!act) return false;
  return act->name == "relu" || act->name == "sigmoid" || (act->name == "clip" && act->a >= 0);
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  bool zeros = n.is("Conv") || n.is("AveragePool");
  if (!zeros && !n.is("MaxPool")) return std::nullopt;
  const Node* pad = g.producer_of(n.input(0));
  if (pad == nullptr || pad->block != n.block) return std::nullopt;
  auto border = border_of(g, *pad);
  if (!border) return std::nullopt;
  const bool none_less = border->value == 0 && (zeros || is_never_negative(g, pad->input(0)));
  if (!none_less && (zeros || border->value != -INFINITY)) return std::nullopt;
  Node made = n;
  if (!take(*border, &made)) return std::nullopt;
  NodeId first = g.value(n.input(0)).producer;
  made.inputs[0] = pad->input(0);
  made.origin.clear();
  Patch p(g, id);
  p.set_why(label(*pad) + " + " + label(n));
  p.replace(n.output(0), p.add(std::move(made), {id, first}));
  p.remove(id);
  if (g.single_use(n.input(0))) p.remove(first);
  return p;
}

}  // namespace

extern const Pass fold_pad;
const Pass fold_pad{"fold_pad",      "let convolutions and pools pad for themselves",
                    Stage::standard, true,
                    propose,         nullptr};

}  // namespace hone::passes
