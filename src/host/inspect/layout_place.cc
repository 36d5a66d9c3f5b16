#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "host/inspect/layout_steps.h"

namespace hone::inspect {

namespace {

using Pair = std::pair<int, int>;  // of neighbouring layers: upper, lower

size_t at(int v) { return static_cast<size_t>(v); }

// Lines that cross the inner part of a long wire are not to be aligned, so that long wires are
// straight ("type 1 conflicts").
std::set<Pair> conflicts(const Layered& g, const std::vector<int>& place) {
  std::set<Pair> found;
  for (size_t i = 1; i + 1 < g.layers.size(); ++i) {
    const std::vector<int>& upper = g.layers[i];
    const std::vector<int>& lower = g.layers[i + 1];
    int left = 0;
    size_t done = 0;
    for (size_t l = 0; l < lower.size(); ++l) {
      int inner = -1;
      if (g.is_wire(lower[l])) {
        for (const int u : g.above[at(lower[l])])
          if (g.is_wire(u)) inner = place[at(u)];
      }
      if (inner < 0 && l + 1 < lower.size()) continue;
      const int right = inner < 0 ? static_cast<int>(upper.size()) - 1 : inner;
      for (; done <= l; ++done) {
        for (const int u : g.above[at(lower[done])]) {
          const bool both = g.is_wire(u) && g.is_wire(lower[done]);
          if (!both && (place[at(u)] < left || place[at(u)] > right)) found.emplace(u, lower[done]);
        }
      }
      left = right;
    }
  }
  return found;
}

// One of the four ways to look at the graph: from above or below, from left or right.
struct View {
  std::vector<std::vector<int>> layers;
  const std::vector<std::vector<int>>& neighbours;  // in the layer that comes before
  bool flipped = false;                             // neighbours are below
  bool mirrored = false;
};

struct Blocks {
  std::vector<int> root;  // of the vertices that share one x
  std::vector<int> next;  // in the block, in a circle
};

// Boxes on the longest way from each one to the top (over `above`) or bottom, itself included.
std::vector<int> reach(const Layered& g, const std::vector<std::vector<int>>& neighbours,
                       bool upwards) {
  std::vector<int> count(g.layer.size(), 0);
  for (size_t i = 0; i < g.layers.size(); ++i) {
    for (const int v : g.layers[upwards ? i : g.layers.size() - 1 - i]) {
      for (const int u : neighbours[at(v)]) count[at(v)] = std::max(count[at(v)], count[at(u)]);
      count[at(v)] += g.is_wire(v) ? 0 : 1;
    }
  }
  return count;
}

// The box beside each one that leads furthest, -1: none.
std::vector<int> furthest(const Layered& g, const std::vector<std::vector<int>>& neighbours,
                          bool upwards) {
  const std::vector<int> count = reach(g, neighbours, upwards);
  std::vector<int> best(g.layer.size(), -1);
  for (int v = 0; v < g.boxes; ++v) {
    for (const int u : neighbours[at(v)]) {
      if (g.is_wire(u)) continue;
      if (best[at(v)] < 0 || count[at(u)] > count[at(best[at(v)])]) best[at(v)] = u;
    }
  }
  return best;
}

// Boxes that stand below each other whatever else is beside them: each leads further than the
// other's other neighbours. That keeps the main chain of a network straight.
struct Spine {
  std::vector<int> above, below;  // -1: none

  explicit Spine(const Layered& g)
      : above(furthest(g, g.above, true)), below(furthest(g, g.below, false)) {
    const std::vector<int> up = above, down = below;
    for (size_t v = 0; v < up.size(); ++v) {
      if (up[v] >= 0 && down[at(up[v])] != static_cast<int>(v)) above[v] = -1;
      if (down[v] >= 0 && up[at(down[v])] != static_cast<int>(v)) below[v] = -1;
    }
  }
};

// Whom v may stand below: its neighbour of the spine, or the middle ones that have none of their
// own.
std::vector<int> candidates(const Layered& g, int v, const std::vector<int>& near,
                            const std::vector<int>& spine, const std::vector<int>& spine_of_near) {
  if (spine[at(v)] >= 0) return {spine[at(v)]};
  std::vector<int> middle = {near[(near.size() - 1) / 2]};
  if (near.size() % 2 == 0) middle.push_back(near[near.size() / 2]);
  std::erase_if(middle, [&](int u) { return spine_of_near[at(u)] >= 0; });
  if (!g.is_wire(v)) {
    std::stable_partition(middle.begin(), middle.end(), [&](int u) { return !g.is_wire(u); });
  }
  return middle;
}

// Each vertex joins the block of its middle neighbour where that crosses no other block.
Blocks align(const Layered& g, const View& view, const Spine& spine,
             const std::set<Pair>& not_to_join) {
  const std::vector<int>& toward = view.flipped ? spine.below : spine.above;
  const std::vector<int>& back = view.flipped ? spine.above : spine.below;
  const size_t n = view.neighbours.size();
  Blocks b{std::vector<int>(n), std::vector<int>(n)};
  std::vector<int> place(n);
  for (size_t v = 0; v < n; ++v) b.root[v] = b.next[v] = static_cast<int>(v);
  for (const std::vector<int>& layer : view.layers) {
    for (size_t i = 0; i < layer.size(); ++i) place[at(layer[i])] = static_cast<int>(i);
  }
  for (const std::vector<int>& layer : view.layers) {
    int last = -1;
    for (const int v : layer) {
      std::vector<int> near = view.neighbours[at(v)];
      if (near.empty()) continue;
      std::sort(near.begin(), near.end(),
                [&](int a, int c) { return place[at(a)] < place[at(c)]; });
      for (const int u : candidates(g, v, near, toward, back)) {
        if (b.next[at(v)] != v || last >= place[at(u)]) continue;
        if (not_to_join.contains(view.flipped ? Pair(v, u) : Pair(u, v))) continue;
        b.next[at(u)] = v;
        b.root[at(v)] = b.root[at(u)];
        b.next[at(v)] = b.root[at(v)];
        last = place[at(u)];
      }
    }
  }
  return b;
}

double separation(const Layered& g, const Spacing& s, int a, int b) {
  const double wires = (g.is_wire(a) ? 1 : 0) + (g.is_wire(b) ? 1 : 0);
  const double gap = s.beside + (s.beside_wire - s.beside) * wires / 2;
  return (g.width[at(a)] + g.width[at(b)]) / 2 + gap;
}

// Blocks as far left as their left neighbours let them, then as far right as their right ones do.
std::vector<double> compact(const Layered& g, const Spacing& s, const View& view, const Blocks& b) {
  const size_t n = g.layer.size();
  struct Beside {
    int block;
    double gap;
  };
  std::vector<std::vector<Beside>> left(n), right(n);
  std::vector<int> waiting(n, 0);
  for (const std::vector<int>& layer : view.layers) {
    for (size_t i = 1; i < layer.size(); ++i) {
      const int a = b.root[at(layer[i - 1])], c = b.root[at(layer[i])];
      const double gap = separation(g, s, layer[i - 1], layer[i]);
      left[at(c)].push_back({a, gap});
      right[at(a)].push_back({c, gap});
      ++waiting[at(c)];
    }
  }
  std::vector<int> order;  // of the blocks, from left to right
  for (size_t v = 0; v < n; ++v) {
    if (b.root[v] == static_cast<int>(v) && waiting[v] == 0) order.push_back(static_cast<int>(v));
  }
  std::vector<double> x(n, 0);
  for (size_t i = 0; i < order.size(); ++i) {
    const int v = order[i];
    for (const Beside& l : left[at(v)]) x[at(v)] = std::max(x[at(v)], x[at(l.block)] + l.gap);
    for (const Beside& r : right[at(v)]) {
      if (--waiting[at(r.block)] == 0) order.push_back(r.block);
    }
  }
  for (auto v = order.rbegin(); v != order.rend(); ++v) {
    double most = std::numeric_limits<double>::infinity();
    for (const Beside& r : right[at(*v)]) most = std::min(most, x[at(r.block)] - r.gap);
    if (std::isfinite(most)) x[at(*v)] = std::max(x[at(*v)], most);
  }
  std::vector<double> all(n);
  for (size_t v = 0; v < n; ++v) all[v] = x[at(b.root[v])] * (view.mirrored ? -1 : 1);
  return all;
}

std::pair<double, double> extent(const Layered& g, const std::vector<double>& x) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (size_t v = 0; v < x.size(); ++v) {
    low = std::min(low, x[v] - g.width[v] / 2);
    high = std::max(high, x[v] + g.width[v] / 2);
  }
  return {low, high};
}

// All to the side of the narrowest that they were pushed to.
void bring_together(const Layered& g, std::array<std::vector<double>, 4>* views) {
  std::array<std::pair<double, double>, 4> ends;
  for (size_t i = 0; i < 4; ++i) ends[i] = extent(g, (*views)[i]);
  const auto width = [](const auto& e) { return e.second - e.first; };
  const auto narrowest = *std::min_element(
      ends.begin(), ends.end(), [&](const auto& a, const auto& b) { return width(a) < width(b); });
  for (size_t i = 0; i < 4; ++i) {
    const bool mirrored = i % 2 == 1;
    const double shift =
        mirrored ? narrowest.second - ends[i].second : narrowest.first - ends[i].first;
    for (double& x : (*views)[i]) x += shift;
  }
}

// The upright parts of a long wire, moved as near to its ends as the boxes beside it let it.
void pull_wires(const Layered& g, const Spacing& s, const std::vector<int>& place,
                std::vector<double>* x) {
  const auto of_run = [&](int v, int w) { return g.is_wire(w) && (*x)[at(w)] == (*x)[at(v)]; };
  for (int first = g.boxes; first < static_cast<int>(x->size()); ++first) {
    if (of_run(first, g.above[at(first)][0])) continue;
    double low = -std::numeric_limits<double>::infinity(), high = -low;
    double sum = (*x)[at(g.above[at(first)][0])], ends = 1;
    std::vector<int> run;
    for (int v = first; v >= 0;) {
      run.push_back(v);
      const std::vector<int>& layer = g.layers[at(g.layer[at(v)])];
      const size_t i = at(place[at(v)]);
      if (i > 0) low = std::max(low, (*x)[at(layer[i - 1])] + separation(g, s, layer[i - 1], v));
      if (i + 1 < layer.size()) {
        high = std::min(high, (*x)[at(layer[i + 1])] - separation(g, s, v, layer[i + 1]));
      }
      int next = -1;
      for (const int w : g.below[at(v)]) {
        if (of_run(v, w)) {
          next = w;
        } else {
          sum += (*x)[at(w)];
          ++ends;
        }
      }
      v = next;
    }
    if (low > high) continue;
    for (const int v : run) (*x)[at(v)] = std::clamp(sum / ends, low, high);
  }
}

}  // namespace

std::vector<double> place_across(const Layered& g, const Spacing& spacing) {
  const size_t n = g.layer.size();
  if (n == 0) return {};
  std::vector<int> place(n);
  for (const std::vector<int>& layer : g.layers) {
    for (size_t i = 0; i < layer.size(); ++i) place[at(layer[i])] = static_cast<int>(i);
  }
  const std::set<Pair> crossed = conflicts(g, place);
  const Spine spine(g);
  std::array<std::vector<double>, 4> views;
  for (size_t i = 0; i < 4; ++i) {
    View view{g.layers, i < 2 ? g.above : g.below, i >= 2, i % 2 == 1};
    if (view.flipped) std::reverse(view.layers.begin(), view.layers.end());
    if (view.mirrored) {
      for (std::vector<int>& layer : view.layers) std::reverse(layer.begin(), layer.end());
    }
    views[i] = compact(g, spacing, view, align(g, view, spine, crossed));
  }
  bring_together(g, &views);
  std::vector<double> x(n);
  for (size_t v = 0; v < n; ++v) {
    std::array<double, 4> four = {views[0][v], views[1][v], views[2][v], views[3][v]};
    std::sort(four.begin(), four.end());
    x[v] = (four[1] + four[2]) / 2;  // apart as in each of them, for order statistics keep order
  }
  // Wires that stand in each other's way make room in turn.
  for (int i = 0; i < 3; ++i) pull_wires(g, spacing, place, &x);
  const double low = extent(g, x).first;
  for (double& c : x) c = std::round(c - low);
  return x;
}

}  // namespace hone::inspect
