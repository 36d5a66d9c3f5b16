// A sheet as SVG.
#pragma once

#include <set>
#include <vector>

#include "ship/drawing/scene.h"
#include "ship/report/html.h"

namespace hone::ship::drawing {

struct Marks {
  std::vector<double> flops;       // by node
  double most_flops = 0;           // of one node
  std::set<graph::NodeId> marked;  // findings are about them
};

report::Html svg_of(const graph::Graph& graph, const Sheet& sheet, const Marks& marks);

}  // namespace hone::ship::drawing
