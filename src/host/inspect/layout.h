// Where the boxes of a graph and the lines between them are drawn: layers from top to bottom, long
// lines through layers of their own, few crossings, chains straight. A pure function: the same
// boxes and wires give the same places.
#pragma once

#include <vector>

namespace hone::inspect {

struct Size {
  double width = 0, height = 0;
};

struct Point {
  double x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

// From the bottom of one box to the top of another; wires of one net share what way they can, as
// readers of one value do. Nets are numbered from 0; all wires of one start at the same box.
struct Wire {
  int from = 0, to = 0, net = 0;
};

struct Spacing {
  double beside = 26, layers = 30, beside_wire = 10;
};

struct Layout {
  std::vector<Point> at;    // upper left corner of each box
  std::vector<int> layer;   // of each box, from the top
  std::vector<double> top;  // of each layer; boxes are centred in it
  // Of each net: polylines whose points alternate straight parts and parts to be drawn as curves
  // with vertical ends: from x to another x always between two layers.
  std::vector<std::vector<std::vector<Point>>> nets;
  double width = 0, height = 0;
};

// Boxes in an order in which every wire goes forward (from < to). Time and memory are about
// proportional to boxes, wires and layers that wires cross; beyond a limit of those, the longest
// wires are drawn straight through.
Layout lay_out(const std::vector<Size>& boxes, const std::vector<Wire>& wires,
               const Spacing& spacing = {});

}  // namespace hone::inspect
