// Which steps of two engines compute the same nodes, and what differs between them.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

#include "ship/profile/diff.h"

namespace hone::ship {

namespace {

// Sets of numbers that are joined.
class Sets {
 public:
  explicit Sets(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<size_t> parent_;
};

bool is_reorder(const Layer& l) { return l.family == "copy"; }
bool is_conversion(const Layer& l) {
  return l.family == "cast" || l.family == "quantize" || l.family == "dequantize";
}
bool computes(const Layer& l) { return !is_reorder(l) && !is_conversion(l); }

using Side = std::vector<Layer>;

std::vector<const Layer*> computing(const Side& side) {
  std::vector<const Layer*> out;
  for (const Layer& l : side) {
    if (computes(l)) out.push_back(&l);
  }
  return out;
}

template <class Of>
std::set<std::string> all(const Side& side, Of of) {
  std::set<std::string> out;
  for (const Layer* l : computing(side)) out.insert(of(*l));
  return out;
}

std::string steps(size_t n) { return fmt::format("{} step{}", n, n == 1 ? "" : "s"); }

using Nodes = std::set<std::string>;

Nodes nodes_of(const Side& side) {
  Nodes out;
  for (const Layer& l : side) out.insert(l.nodes.begin(), l.nodes.end());
  return out;
}

// What both sides compute. A node of one alone (a quantisation, say) tells nothing about fusion.
Nodes common_nodes(const LayerGroup& g) {
  const Nodes a = nodes_of(g.a), b = nodes_of(g.b);
  Nodes out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

Nodes within(const Layer& l, const Nodes& common) {
  Nodes out;
  for (const std::string& n : l.nodes) {
    if (common.contains(n)) out.insert(n);
  }
  return out;
}

// The partition of these nodes into computing steps.
std::multiset<Nodes> partition(const Side& side, const Nodes& common) {
  std::multiset<Nodes> out;
  for (const Layer* l : computing(side)) out.insert(within(*l, common));
  return out;
}

void add_moves(const LayerGroup& g, bool (*is)(const Layer&), const char* what,
               std::vector<std::string>* out) {
  const auto count = [&](const Side& s) { return std::count_if(s.begin(), s.end(), is); };
  const auto a = count(g.a), b = count(g.b);
  if (a == b) return;
  const auto n = std::abs(b - a);
  std::string kernels;
  for (const Layer& l : b > a ? g.b : g.a) {
    if (is(l) && kernels.find(l.kernel) == std::string::npos) {
      kernels += (kernels.empty() ? "" : ", ") + l.kernel;
    }
  }
  out->push_back(
      fmt::format("{} {}{} {}: {}", n, what, n == 1 ? "" : "s", b > a ? "added" : "gone", kernels));
}

double work(const Side& side) {
  double flops = 0;
  for (const Layer& l : side) flops += l.work.flops.value_or(0);
  return flops;
}

// Steps that compute the same nodes on both sides, with other kernels.
void add_tactics(const LayerGroup& g, const Nodes& common, std::vector<std::string>* out) {
  const auto a = computing(g.a), b = computing(g.b);
  std::set<std::string> said;
  std::vector<bool> taken(b.size());
  for (const Layer* l : a) {
    const Nodes nodes = within(*l, common);
    for (size_t k = 0; k < b.size(); ++k) {
      if (taken[k] || within(*b[k], common) != nodes) continue;
      taken[k] = true;
      const std::string text = fmt::format("tactic {} -> {}", l->kernel, b[k]->kernel);
      if (l->kernel != b[k]->kernel && said.insert(text).second) out->push_back(text);
      break;
    }
  }
}

}  // namespace

std::vector<LayerGroup> match_layers(const Side& a, const Side& b) {
  Sets sets(a.size() + b.size());
  std::map<std::string, size_t> first;  // step that a node was seen in
  const auto layer = [&](size_t i) -> const Layer& {
    return i < a.size() ? a[i] : b[i - a.size()];
  };
  for (size_t i = 0; i < a.size() + b.size(); ++i) {
    for (const std::string& node : layer(i).nodes) {
      auto [it, fresh] = first.emplace(node, i);
      if (!fresh) sets.join(i, it->second);
    }
  }
  std::map<size_t, size_t> number;  // of a set -> of its group
  std::vector<LayerGroup> groups;
  for (size_t i = 0; i < a.size() + b.size(); ++i) {
    auto [it, fresh] = number.emplace(sets.find(i), groups.size());
    if (fresh) groups.emplace_back();
    LayerGroup& g = groups[it->second];
    (i < a.size() ? g.a : g.b).push_back(layer(i));
    for (const std::string& node : layer(i).nodes) {
      if (std::find(g.nodes.begin(), g.nodes.end(), node) == g.nodes.end()) {
        g.nodes.push_back(node);
      }
    }
  }
  return groups;
}

std::vector<std::string> differences(const LayerGroup& g) {
  std::vector<std::string> out;
  if (g.a.empty() || g.b.empty()) {
    const Side& side = g.a.empty() ? g.b : g.a;
    const bool moves = std::none_of(side.begin(), side.end(), computes);
    const std::string what = moves ? "reorder or conversion" : steps(side.size());
    return {fmt::format("{} {}", what, g.a.empty() ? "added" : "gone")};
  }
  const auto dtype = [](const Layer& l) { return l.dtype; };
  const auto a_types = all(g.a, dtype), b_types = all(g.b, dtype);
  if (a_types != b_types) {
    out.push_back(
        fmt::format("precision {} -> {}", fmt::join(a_types, "+"), fmt::join(b_types, "+")));
  }
  const Nodes common = common_nodes(g);
  if (partition(g.a, common) != partition(g.b, common)) {
    out.push_back(fmt::format("fused differently: {} -> {}", steps(computing(g.a).size()),
                              steps(computing(g.b).size())));
  }
  add_tactics(g, common, &out);
  add_moves(g, is_reorder, "reorder", &out);
  add_moves(g, is_conversion, "conversion", &out);
  const double before = work(g.a), after = work(g.b);
  // Less is what a function costs that is a step of its own on one side and fused on the other.
  if (std::abs(after - before) > 0.2 * std::max(before, after)) {
    out.push_back(before > 0 ? fmt::format("x{:.2f} the operations", after / before)
                             : std::string("operations added"));
  }
  return out;
}

}  // namespace hone::ship
