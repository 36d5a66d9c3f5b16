// What the steps of lay_out hand on to each other: a graph whose edges join neighbouring layers.
#pragma once

#include <vector>

#include "host/inspect/layout.h"

namespace hone::inspect {

// Boxes first, then the places where wires pass layers.
struct Layered {
  int boxes = 0;
  std::vector<double> width;            // of each vertex
  std::vector<int> layer;               // of each vertex
  std::vector<std::vector<int>> above;  // neighbours in the layer above, and below
  std::vector<std::vector<int>> below;
  std::vector<std::vector<int>> layers;  // from left to right
  bool is_wire(int v) const { return v >= boxes; }
};

// Reorders each layer for fewer crossings, by barycentres.
void order_layers(Layered* graph);
// Pairs of edges that cross, between all layers as they stand.
long long crossings(const Layered& graph);

// The centre of each vertex, at least 0 and half its width: Brandes and Koepf, "Fast and simple
// horizontal coordinate assignment" (2001), with widths; four alignments and their median.
std::vector<double> place_across(const Layered& graph, const Spacing& spacing);

}  // namespace hone::inspect
