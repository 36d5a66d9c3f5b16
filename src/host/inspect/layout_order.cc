#include <algorithm>
#include <numeric>

#include "host/inspect/layout_steps.h"

namespace hone::inspect {

namespace {

using Layers = std::vector<std::vector<int>>;

std::vector<int> places(const Layered& g) {
  std::vector<int> place(g.layer.size());
  for (const std::vector<int>& layer : g.layers) {
    for (size_t i = 0; i < layer.size(); ++i)
      place[static_cast<size_t>(layer[i])] = static_cast<int>(i);
  }
  return place;
}

// Inversions, by a binary indexed tree over the places of the lower layer.
long long inversions(const std::vector<int>& ends, size_t n) {
  std::vector<int> tree(n + 1, 0);
  long long count = 0, seen = 0;
  for (const int end : ends) {
    long long not_right = 0;
    for (int i = end + 1; i > 0; i -= i & -i) not_right += tree[static_cast<size_t>(i)];
    count += seen - not_right;
    ++seen;
    for (int i = end + 1; i <= static_cast<int>(n); i += i & -i) ++tree[static_cast<size_t>(i)];
  }
  return count;
}

// Sorts by the mean place of the neighbours; who has none keeps its place.
void sort_layer(std::vector<int>* layer, const std::vector<std::vector<int>>& neighbours,
                bool ties_right, std::vector<int>* place) {
  std::vector<std::pair<double, int>> movable;
  std::vector<char> fixed(layer->size(), 0);
  for (size_t i = 0; i < layer->size(); ++i) {
    const std::vector<int>& near = neighbours[static_cast<size_t>((*layer)[i])];
    if (near.empty()) {
      fixed[i] = 1;
      continue;
    }
    double sum = 0;
    for (const int v : near) sum += (*place)[static_cast<size_t>(v)];
    movable.emplace_back(sum / static_cast<double>(near.size()), (*layer)[i]);
  }
  // Turning ties around in every other sweep gets out of orders that are stable but bad.
  if (ties_right) std::reverse(movable.begin(), movable.end());
  std::stable_sort(movable.begin(), movable.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  size_t next = 0;
  for (size_t i = 0; i < layer->size(); ++i) {
    if (!fixed[i]) (*layer)[i] = movable[next++].second;
    (*place)[static_cast<size_t>((*layer)[i])] = static_cast<int>(i);
  }
}

void sweep(Layered* g, bool down, bool ties_right, std::vector<int>* place) {
  const size_t n = g->layers.size();
  for (size_t i = 1; i < n; ++i) {
    if (down) {
      sort_layer(&g->layers[i], g->above, ties_right, place);
    } else {
      sort_layer(&g->layers[n - 1 - i], g->below, ties_right, place);
    }
  }
}

}  // namespace

long long crossings(const Layered& g) {
  const std::vector<int> place = places(g);
  long long count = 0;
  for (size_t i = 0; i + 1 < g.layers.size(); ++i) {
    std::vector<int> ends;
    for (const int v : g.layers[i]) {
      const size_t from = ends.size();
      for (const int w : g.below[static_cast<size_t>(v)])
        ends.push_back(place[static_cast<size_t>(w)]);
      std::sort(ends.begin() + static_cast<std::ptrdiff_t>(from), ends.end());
    }
    count += inversions(ends, g.layers[i + 1].size());
  }
  return count;
}

void order_layers(Layered* g) {
  // More sweeps cost more than they give where there is much.
  const size_t n = g->layer.size();
  const int most = n < 3000 ? 24 : n < 20000 ? 10 : 4;
  Layers best = g->layers;
  long long fewest = crossings(*g);
  std::vector<int> place = places(*g);
  for (int i = 0, idle = 0; i < most && idle < 4 && fewest > 0; ++i) {
    sweep(g, i % 2 == 0, i % 4 >= 2, &place);
    const long long now = crossings(*g);
    ++idle;
    if (now < fewest) {
      fewest = now;
      best = g->layers;
      idle = 0;
    }
  }
  g->layers = std::move(best);
}

}  // namespace hone::inspect
